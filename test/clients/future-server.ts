import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listenOnLoopback } from '../support/loopback.ts';

/** Adds a field to each object of a response that has fields: to the answer, its channels, its pagination, its details. */
const addField = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(addField);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [
    name,
    // Clients choose the keys of the metadata.
    name === 'integration_meta' ? inner : addField(inner),
  ]);
  return { ...Object.fromEntries(fields), added_later: 'new' };
};

const addFieldToText = (json: Buffer) => Buffer.from(JSON.stringify(addField(JSON.parse(json.toString()))));

/**
 * Serves what another server serves, with a field more in each object: as a later version of the service may. Clients that
 * are generated today must be able to read it.
 */
export const startFutureServer = (target: string) => {
  const server = createServer((call, reply) => {
    const { method = 'GET', headers } = call;
    const forwarded = request(`${target}${call.url}`, { method, headers }, async (response) => {
      const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...others } = response.headers;
      const body = await buffer(response);
      const isGzip = others['content-encoding'] === 'gzip';
      reply
        .writeHead(response.statusCode ?? 500, others)
        .end(isGzip ? gzipSync(addFieldToText(gunzipSync(body))) : addFieldToText(body));
    });
    forwarded.on('error', () => reply.destroy());
    call.pipe(forwarded);
  });
  return listenOnLoopback(server);
};

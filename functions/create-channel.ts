import { parseCreateBody } from '../lib/channels/schema.ts';
import { createChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf } from '../lib/http/etag.ts';
import { readIdempotencyKey } from '../lib/http/idempotency-key.ts';
import { readJsonBody } from '../lib/http/json-body.ts';
import { refuseParameters } from '../lib/http/parameters.ts';

export const handler = endpoint('create-channel', async (request) => {
  const body = readJsonBody(request);
  refuseParameters(request);
  const draft = parseCreateBody(body);
  const once = readIdempotencyKey(request.headers['idempotency-key'], body);
  const { document, replayed } = await createChannel(request.channels, request.caller, draft, once);
  return {
    status: 201,
    headers: {
      ETag: etagOf(document),
      Location: `/client-channel/${document._id}`,
      ...(replayed && { 'Idempotency-Replayed': 'true' }),
    },
    body: { data: document },
  };
});

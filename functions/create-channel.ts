import { parseCreateBody } from '../lib/channels/body-schema.ts';
import { createChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf } from '../lib/http/etag.ts';
import { readIdempotencyKey } from '../lib/http/idempotency-key.ts';
import { readJsonBody } from '../lib/http/json-body.ts';
import { urlOf } from '../lib/http/public-url.ts';
import { refuseParameters } from '../lib/http/request-parameters.ts';

export const handler = endpoint('create-channel', async (event, { caller, channels }) => {
  const body = readJsonBody(event);
  refuseParameters(event);
  const input = parseCreateBody(body);
  const idempotency = readIdempotencyKey(event.headers['idempotency-key'], body);
  const { document, replayed } = await createChannel(channels, caller, input, idempotency);
  return {
    status: 201,
    headers: {
      ETag: etagOf(document),
      Location: urlOf(`/client-channel/${document._id}`, `client-channel/${document._id}`),
      ...(replayed && { 'Idempotency-Replayed': 'true' }),
    },
    body: { data: document },
  };
});

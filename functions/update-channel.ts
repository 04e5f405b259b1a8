import { toDocument } from '../lib/channels/channel.ts';
import { parseUpdateBody } from '../lib/channels/schema.ts';
import { updateChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf, readIfMatch } from '../lib/http/etag.ts';
import { readJsonBody } from '../lib/http/json-body.ts';
import { channelIdIn, refuseParameters } from '../lib/http/parameters.ts';

export const handler = endpoint('update-channel', async (request) => {
  const body = readJsonBody(request);
  refuseParameters(request);
  const patch = parseUpdateBody(body, request.pathParameters?.id ?? '');
  const precondition = readIfMatch(request.headers['if-match']);
  const id = channelIdIn(request);
  const channel = await updateChannel(request.channels, request.caller, id, patch, precondition);
  return { status: 200, headers: { ETag: etagOf(channel) }, body: { data: toDocument(channel) } };
});

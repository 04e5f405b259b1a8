import { toDocument } from '../lib/channels/channel.ts';
import { deleteChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { readIfMatch } from '../lib/http/etag.ts';
import { channelIdIn, refuseParameters } from '../lib/http/parameters.ts';

export const handler = endpoint('delete-channel', async (request) => {
  refuseParameters(request);
  const precondition = readIfMatch(request.headers['if-match']);
  const id = channelIdIn(request);
  const channel = await deleteChannel(request.channels, request.caller, id, precondition);
  return { status: 200, body: { data: toDocument(channel) } };
});

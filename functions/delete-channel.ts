import { toDocument } from '../lib/channels/channel.ts';
import { deleteChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { readIfMatch } from '../lib/http/etag.ts';
import { channelIdIn, refuseParameters } from '../lib/http/request-parameters.ts';

export const handler = endpoint('delete-channel', async (event, { caller, channels }) => {
  refuseParameters(event);
  const precondition = readIfMatch(event.headers['if-match']);
  const channel = await deleteChannel(channels, caller, channelIdIn(event), precondition);
  return { status: 200, body: { data: toDocument(channel) } };
});

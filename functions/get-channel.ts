import { toDocument } from '../lib/channels/channel.ts';
import { getChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf, isKnown } from '../lib/http/etag.ts';
import { channelIdIn, refuseParameters } from '../lib/http/request-parameters.ts';

export const handler = endpoint('get-channel', async (event, { caller, channels }) => {
  refuseParameters(event);
  const channel = await getChannel(channels, caller.namespace, channelIdIn(event));
  const headers = { ETag: etagOf(channel) };
  return isKnown(event.headers['if-none-match'], headers.ETag)
    ? { status: 304, headers }
    : { status: 200, headers, body: { data: toDocument(channel) } };
});

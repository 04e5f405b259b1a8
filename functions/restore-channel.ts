import { toDocument } from '../lib/channels/channel.ts';
import { restoreChannel } from '../lib/channels/restore-channel.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf } from '../lib/http/etag.ts';
import { refuseBody } from '../lib/http/json-body.ts';
import { channelIdIn, refuseParameters } from '../lib/http/request-parameters.ts';

export const handler = endpoint('restore-channel', async (event, { caller, channels }) => {
  refuseBody(event);
  refuseParameters(event);
  const document = toDocument(await restoreChannel(channels, caller, channelIdIn(event)));
  return { status: 200, headers: { ETag: etagOf(document) }, body: { data: document } };
});

import { parseMergePatch, parseUpdateBody } from '../lib/channels/body-schema.ts';
import { toDocument } from '../lib/channels/channel.ts';
import { updateChannel } from '../lib/channels/store.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { etagOf, readIfMatch } from '../lib/http/etag.ts';
import { isMergePatch, jsonType, mergePatchType, readJsonBody } from '../lib/http/json-body.ts';
import { channelIdIn, refuseParameters } from '../lib/http/request-parameters.ts';

const acceptedTypes: Record<string, string[]> = { PUT: [jsonType], PATCH: [jsonType, mergePatchType] };

export const handler = endpoint('update-channel', async (event, { caller, channels }) => {
  const body = readJsonBody(event, { accepted: acceptedTypes[event.requestContext.http.method] });
  refuseParameters(event);
  const parse = isMergePatch(event) ? parseMergePatch : parseUpdateBody;
  const change = parse(body, event.pathParameters?.id ?? '');
  const precondition = readIfMatch(event.headers['if-match']);
  const channel = await updateChannel(channels, caller, channelIdIn(event), change, precondition);
  return { status: 200, headers: { ETag: etagOf(channel) }, body: { data: toDocument(channel) } };
});

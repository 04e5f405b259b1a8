import { toOwnKey } from '../lib/auth/own-key.ts';
import { authenticatedEndpoint } from '../lib/http/authenticated-endpoint.ts';
import { refuseParameters } from '../lib/http/request-parameters.ts';

export const handler = authenticatedEndpoint('get-own-key', async (event, { caller }) => {
  refuseParameters(event);
  return { status: 200, body: { data: toOwnKey(caller) } };
});

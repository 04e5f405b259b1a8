import { endpoint } from '../lib/http/endpoint.ts';
import { toApiError } from '../lib/http/failure-to-api-error.ts';
import { readJsonBody } from '../lib/http/json-body.ts';
import { refuseParameters } from '../lib/http/request-parameters.ts';
import { type RowProblem, toUpsertResponse } from '../lib/upsert/to-response.ts';
import { upsertChannels } from '../lib/upsert/upsert-channels.ts';
import { parseUpsertRequest } from '../lib/upsert/upsert-request.ts';

const maxBytes = 2 * 1024 * 1024;

export const handler = endpoint('upsert-channels', async (event, { caller, channels }) => {
  const body = readJsonBody(event, { maxBytes });
  refuseParameters(event);
  const results = await upsertChannels(channels, caller, parseUpsertRequest(body));
  return {
    status: 200,
    body: toUpsertResponse(results, (error) => toApiError(error) as RowProblem),
  };
});

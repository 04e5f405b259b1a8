import { publicEndpoint } from '../lib/http/public-endpoint.ts';
import { refuseParameters } from '../lib/http/request-parameters.ts';
import { describeApi } from '../lib/openapi/api-description.ts';

const body = JSON.stringify(describeApi());

export const handler = publicEndpoint((event) => {
  refuseParameters(event);
  return { headers: { 'Content-Type': 'application/json' }, body };
});

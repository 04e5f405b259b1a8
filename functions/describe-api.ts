import { publicEndpoint } from '../lib/http/public-endpoint.ts';
import { describeApi } from '../lib/openapi/api-description.ts';

const body = JSON.stringify(describeApi());

export const handler = publicEndpoint(() => ({ headers: { 'Content-Type': 'application/json' }, body }));

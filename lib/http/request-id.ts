import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** The name of a request: the client's own where it is 1 to 128 printable ASCII characters, else the gateway's. */
export const requestIdOf = (event: APIGatewayProxyEventV2, context: Context): string => {
  const sent = event.headers['x-request-id'];
  return sent !== undefined && /^[\x20-\x7e]{1,128}$/.test(sent)
    ? sent
    : (event.requestContext?.requestId ?? context.awsRequestId);
};

import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** The id of a request: the client's own if it has 1 to 128 printable ASCII characters, otherwise the gateway's. */
export const requestIdOf = (event: APIGatewayProxyEventV2, context: Context): string => {
  const sent = event.headers['x-request-id'];
  return sent !== undefined && /^[\x20-\x7e]{1,128}$/.test(sent)
    ? sent
    : (event.requestContext?.requestId ?? context.awsRequestId);
};

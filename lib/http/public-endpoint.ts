import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { commonHeaders, toErrorResponse } from './response.ts';
import { logRequestFailure } from './request-log.ts';
import { refuseParameters } from './parameters.ts';
import { requestIdOf } from './request-id.ts';

/** What is answered to everyone alike. */
export interface PublicResponse {
  headers: Record<string, string>;
  body: string;
  isBase64Encoded?: boolean;
}

/**
 * A Lambda handler that anyone may ask, without a key. It touches no table and needs no environment, so that the API can
 * be read even where its tables can't; its answers carry the headers of all others, and its errors are theirs.
 */
export const publicEndpoint =
  (run: (event: APIGatewayProxyEventV2) => PublicResponse) =>
  async (event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> => {
    const requestId = requestIdOf(event, context);
    const common = commonHeaders(requestId, undefined);
    try {
      refuseParameters(event);
      const { headers, ...answer } = run(event);
      return { statusCode: 200, headers: { ...common, ...headers }, ...answer };
    } catch (error) {
      logRequestFailure(error, requestId);
      return toErrorResponse(error, requestId, common);
    }
  };

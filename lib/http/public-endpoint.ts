import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { compress } from './compression.ts';
import { requestIdOf } from './request-id.ts';
import { logRequestFailure } from './request-log.ts';
import { commonHeaders, toErrorResponse } from './response.ts';

/** A response that is the same for everyone. */
export interface PublicResponse {
  /** 200 by default. */
  statusCode?: 200 | 302;
  headers: Record<string, string>;
  /** Absent if the response is a redirect. */
  body?: string;
  isBase64Encoded?: boolean;
}

/**
 * Makes a Lambda handler that needs no key. It reads no table and no environment variable, so that it works even if the
 * tables do not. Its headers and errors are those of all other operations.
 */
export const publicEndpoint =
  (run: (event: APIGatewayProxyEventV2) => PublicResponse) =>
  async (event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> => {
    const requestId = requestIdOf(event, context);
    const common = commonHeaders(requestId, undefined);
    try {
      const { headers, ...response } = run(event);
      return compress(
        { statusCode: 200, headers: { ...common, ...headers }, ...response },
        event.headers['accept-encoding'],
      );
    } catch (error) {
      logRequestFailure(requestId, error);
      return toErrorResponse(error, requestId, common);
    }
  };

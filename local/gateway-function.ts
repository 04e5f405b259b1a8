import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { contextOf } from './function-context.ts';
import { errorResponse, type GatewayResponse, toResponse } from './gateway-response.ts';
import type { Route } from './gateway-routes.ts';

/** Lambda's limit for an event and for a result, as JSON. */
const maxPayloadBytes = 6 * 1024 * 1024;

/** One second less than the gateway waits for a function. */
const functionTimeoutMs = 29_000;

/**
 * Invokes a function with an event. Event and result pass through JSON as they do in Lambda, so that values that JSON
 * cannot hold get lost here too. Never rejects: if the function fails, the response is 500 and stderr has the reason.
 * @param addedHeaders are added to the response of the function, not to one of the gateway itself
 */
export const invokeFunction = async (
  route: Route,
  event: APIGatewayProxyEventV2,
  addedHeaders: GatewayResponse['headers'],
): Promise<GatewayResponse> => {
  const eventJson = JSON.stringify(event);
  if (Buffer.byteLength(eventJson) > maxPayloadBytes) return errorResponse(413);
  try {
    const { requestId } = event.requestContext;
    const context = contextOf(route.name ?? event.routeKey, requestId, functionTimeoutMs);
    const resultJson = JSON.stringify(await route.invoke(JSON.parse(eventJson), context));
    if (resultJson === undefined) throw new TypeError('The function returned nothing');
    if (Buffer.byteLength(resultJson) > maxPayloadBytes)
      throw new RangeError('The function returned more than 6 MB');
    const response = toResponse(JSON.parse(resultJson));
    return { ...response, headers: [...response.headers, ...addedHeaders] };
  } catch (error) {
    console.error(`${event.routeKey} failed:`, error);
    return errorResponse(500);
  }
};

import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { contextOf } from './function-context.ts';
import { type GatewayResponse, errorResponse, toResponse } from './gateway-response.ts';
import type { Route } from './gateway-routes.ts';

/** What Lambda takes as an event, and what it gives back, in bytes as JSON. */
const maxPayloadBytes = 6 * 1024 * 1024;

/** How long a function has, in milliseconds: a second less than the gateway waits for it. */
const functionTimeoutMs = 29_000;

/**
 * Has a function answer an event, which passes as JSON both ways, as it does in Lambda: what is no JSON gets lost here
 * already. Never rejects: a function that fails is an answer too, with the reason on standard error.
 */
export const invokeFunction = async (route: Route, event: APIGatewayProxyEventV2): Promise<GatewayResponse> => {
  const eventJson = JSON.stringify(event);
  if (Buffer.byteLength(eventJson) > maxPayloadBytes) return errorResponse(413);
  try {
    const { requestId } = event.requestContext;
    const context = contextOf(route.name ?? event.routeKey, requestId, functionTimeoutMs);
    const resultJson = JSON.stringify(await route.invoke(JSON.parse(eventJson), context));
    if (resultJson === undefined) throw new TypeError('The function returned nothing');
    if (Buffer.byteLength(resultJson) > maxPayloadBytes) throw new RangeError('The function returned more than 6 MB');
    return toResponse(JSON.parse(resultJson));
  } catch (error) {
    console.error(`${event.routeKey} failed:`, error);
    return errorResponse(500);
  }
};

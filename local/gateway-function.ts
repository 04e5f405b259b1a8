import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { contextOf } from './function-context.ts';
import { type Answer, gatewayAnswer, toAnswer } from './gateway-response.ts';
import type { Route } from './gateway-routes.ts';

/** What Lambda takes as an event, and what it gives back, in bytes as JSON. */
const lambdaLimit = 6 * 1024 * 1024;

/** How long a function has, in milliseconds: a second less than the gateway waits for it. */
const functionTimeout = 29_000;

/**
 * Has a function answer an event, which passes as JSON both ways, as it does in Lambda: what is no JSON gets lost here
 * already. Never rejects: a function that fails is an answer too, with the reason on standard error.
 */
export const invokeFunction = async (route: Route, event: APIGatewayProxyEventV2): Promise<Answer> => {
  const sent = JSON.stringify(event);
  if (Buffer.byteLength(sent) > lambdaLimit) return gatewayAnswer(413);
  try {
    const { requestId } = event.requestContext;
    const context = contextOf(route.name ?? event.routeKey, requestId, functionTimeout);
    const result = JSON.stringify(await route.invoke(JSON.parse(sent), context));
    if (result === undefined) throw new TypeError('The function returned nothing');
    if (Buffer.byteLength(result) > lambdaLimit) throw new RangeError('The function returned more than 6 MB');
    return toAnswer(JSON.parse(result));
  } catch (error) {
    console.error(`${event.routeKey} failed:`, error);
    return gatewayAnswer(500);
  }
};

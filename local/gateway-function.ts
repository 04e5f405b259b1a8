import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { type Answer, gatewayAnswer, toAnswer } from './gateway-answer.ts';
import type { Route } from './gateway-routes.ts';

/** What Lambda takes as an event, and what it gives back, in bytes as JSON. */
const lambdaLimit = 6 * 1024 * 1024;

/** How long a function has, in milliseconds: a second less than the gateway waits for it. */
const functionTimeout = 29_000;

const contextOf = (functionName: string, requestId: string): Context => {
  const deadline = performance.now() + functionTimeout;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: '1024',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
};

/**
 * Has a function answer an event, which passes as JSON both ways, as it does in Lambda: what is no JSON gets lost here
 * already. Never rejects: a function that fails is an answer too, with the reason on standard error.
 */
export const invokeFunction = async (route: Route, event: APIGatewayProxyEventV2): Promise<Answer> => {
  const sent = JSON.stringify(event);
  if (Buffer.byteLength(sent) > lambdaLimit) return gatewayAnswer(413);
  try {
    const context = contextOf(route.name ?? event.routeKey, event.requestContext.requestId);
    const result = JSON.stringify(await route.invoke(JSON.parse(sent), context));
    if (result === undefined) throw new TypeError('The function returned nothing');
    if (Buffer.byteLength(result) > lambdaLimit) throw new RangeError('The function returned more than 6 MB');
    return toAnswer(JSON.parse(result));
  } catch (error) {
    console.error(`${event.routeKey} failed:`, error);
    return gatewayAnswer(500);
  }
};

import type { Context } from 'aws-lambda';

/**
 * The context object that Lambda passes to a function.
 * @param timeoutMs milliseconds until the function's timeout, from now
 */
export const contextOf = (functionName: string, requestId: string, timeoutMs: number): Context => {
  const deadline = performance.now() + timeoutMs;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn(functionName),
    memoryLimitInMB: '1024',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
};

export const functionArn = (functionName: string): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`;

import { randomUUID } from 'node:crypto';
import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { StreamConsumer } from '../lib/manifest/stream-consumers.ts';
import { contextOf } from './function-context.ts';

export type StreamHandler = (event: DynamoDBStreamEvent, context: Context) => unknown;

/**
 * Invokes a stream consumer with records. Event and result pass through JSON as they do in Lambda.
 * @throws the error of the function, or an Error if it takes longer than the timeout of the consumer.
 */
export const invokeConsumer = async (
  { name, timeoutSeconds }: StreamConsumer,
  handler: StreamHandler,
  Records: DynamoDBRecord[],
): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it took more than ${timeoutSeconds} s`)),
      timeoutSeconds * 1000,
    );
  });
  try {
    const event: DynamoDBStreamEvent = JSON.parse(JSON.stringify({ Records }));
    const result = await Promise.race([
      handler(event, contextOf(name, randomUUID(), timeoutSeconds * 1000)),
      timedOut,
    ]);
    return JSON.parse(JSON.stringify(result ?? null));
  } finally {
    clearTimeout(timer);
  }
};

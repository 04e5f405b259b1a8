import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ConditionFailed, Throttled, Unavailable, WriteContention } from './failures.ts';
import type { Meter } from './meter.ts';
import { again, retry } from './retry.ts';
import { translateFailure } from './translate-failure.ts';

/**
 * DynamoDB as one request sees it: with the deadline of the request, and a meter that counts the capacity that it
 * consumes.
 */
export interface Session {
  client: DynamoDBDocumentClient;
  meter: Meter;
  signal: AbortSignal;
}

const triesOf = (outcome: unknown) =>
  (outcome as { $metadata?: { attempts?: number } } | undefined)?.$metadata?.attempts ?? 1;

/**
 * Makes one call, and counts its round trips and units.
 * @throws the classes of `failures.ts`
 */
export const call = async <Output extends { ConsumedCapacity?: unknown }>(
  { meter, signal }: Session,
  kind: 'read' | 'write',
  send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Output> => {
  try {
    const output = await send({ abortSignal: signal });
    meter.count(triesOf(output), kind, [output.ConsumedCapacity ?? []].flat());
    return output;
  } catch (error) {
    meter.count(triesOf(error), kind);
    throw translateFailure(error);
  }
};

/** The same failure, after an earlier attempt of the write that may have been carried out. */
const withUnknownOutcome = (error: unknown): unknown => {
  if (error instanceof ConditionFailed) return new ConditionFailed(error.item, true);
  return error instanceof Throttled ? new Unavailable(error) : error;
};

/**
 * Repeats a write as long as other requests are writing the same items. It remembers whether any try of any attempt got no
 * answer.
 * @throws WriteContention or Throttled, depending on the last reason, if the retries run out; Unavailable instead, if the
 * write may have been carried out
 */
export const retryContention = async <Result>(
  { signal }: Session,
  write: () => Promise<Result>,
): Promise<Result> => {
  let last: WriteContention | undefined;
  let outcomeUnknown = false;
  const attempt = async (): Promise<Result | typeof again> => {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof WriteContention)) throw outcomeUnknown ? withUnknownOutcome(error) : error;
      outcomeUnknown ||= error.outcomeUnknown;
      last = error;
      return again;
    }
  };
  const exhausted = () => {
    if (outcomeUnknown) throw new Unavailable(last);
    throw last?.throttled ? new Throttled(last) : last;
  };
  return retry(attempt, { signal, exhausted });
};

import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  ConditionFailed,
  Throttled,
  TransactionConditionFailed,
  Unavailable,
  WriteContention,
} from './failures.ts';

const throttlingNames = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
]);
const contentionCodes = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** The fields of an error that the SDK (for DynamoDB's errors) or Node (for the network's) sets. */
export interface Failure {
  name?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  /** Set by our own client: an earlier try of the same call got no answer. */
  outcomeUnknown?: boolean;
}

const noAnswerNames = new Set(['AbortError', 'TimeoutError', 'NetworkingError']);

/**
 * Whether the outcome of a call is unknown: there is no response, or it does not tell whether the call was carried out.
 */
export const isOutcomeUnknown = ({ name = '', code, $metadata }: Failure): boolean => {
  // The SDK has repeated the call for the last time, and an earlier try with the same token is still running.
  if (name === 'TransactionInProgressException') return true;
  // Every answer of DynamoDB carries a status. An error without a status belongs to a call that got no answer.
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500;
  return noAnswerNames.has(name) || (code !== undefined && !code.startsWith('ERR_'));
};

const oldItem = (marshalled: CancellationReason['Item']) => (marshalled ? unmarshall(marshalled) : undefined);

const readCancellation = (reasons: CancellationReason[], outcomeUnknown: boolean, cause: unknown): Error => {
  if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed'))
    return new TransactionConditionFailed(
      reasons.map(({ Code, Item }) =>
        Code === 'ConditionalCheckFailed' ? { item: oldItem(Item) } : undefined,
      ),
      outcomeUnknown,
    );
  const codes = reasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
  if (codes.length && codes.every((code) => contentionCodes.has(code)))
    return new WriteContention(undefined, { cause, throttled: !codes.includes('TransactionConflict') });
  return cause as Error;
};

/**
 * Translates the error of a failed call into the classes of `failures.ts`. If an earlier try of the call got no answer, a
 * later refusal does not prove that nothing was written: the result then is Unavailable, or it says `outcomeUnknown`.
 * An error that is not named here (a denied permission, a malformed request, a missing table) is a fault of ours and comes
 * back as it is.
 */
export const translateFailure = (error: unknown): unknown => {
  const failure = (error ?? {}) as Failure;
  const outcomeUnknown = failure.outcomeUnknown ?? false;
  if (error instanceof ConditionalCheckFailedException)
    return new ConditionFailed(oldItem(error.Item), outcomeUnknown);
  if (error instanceof TransactionCanceledException) {
    const cancellation = readCancellation(error.CancellationReasons ?? [], outcomeUnknown, error);
    // A new attempt would have a new token, so that DynamoDB would not recognise the earlier try.
    return outcomeUnknown && cancellation instanceof WriteContention ? new Unavailable(error) : cancellation;
  }
  if (failure.name === 'TransactionConflictException')
    return new WriteContention(undefined, { cause: error, outcomeUnknown });
  if (failure.name !== undefined && throttlingNames.has(failure.name))
    return outcomeUnknown ? new Unavailable(error) : new Throttled(error);
  if (isOutcomeUnknown(failure)) return new Unavailable(error);
  return error;
};

import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ApiError } from '../errors.ts';
import type { Item } from './item.ts';

/** A write whose condition did not hold; the item is the one that stood in its way, if there is one. */
export class ConditionFailed extends Error {
  readonly item: Item | undefined;
  /** Whether an earlier try of the same write got no answer, and so may have been carried out. */
  readonly outcomeUnknown: boolean;
  constructor(item: Item | undefined, mayBeDone = false) {
    super('The condition of the write did not hold');
    this.item = item;
    this.outcomeUnknown = mayBeDone;
  }
}

/** A transaction of which at least one condition did not hold: per write, what stood in its way. */
export class TransactionConditionFailed extends Error {
  readonly conditionFailures: ({ item: Item | undefined } | undefined)[];
  constructor(refusals: ({ item: Item | undefined } | undefined)[]) {
    super('A condition of the transaction did not hold');
    this.conditionFailures = refusals;
  }
}

/** Nothing was written because another writer was at the same items, or the table had no capacity: try again. */
export class WriteContention extends Error {
  /** Whether capacity was what lacked, rather than another transaction being under way. */
  readonly throttled: boolean;
  constructor(throttled: boolean, cause: unknown) {
    super('The items are being written by another request', { cause });
    this.throttled = throttled;
  }
}

export const tooManyRequests = (cause?: unknown): ApiError =>
  new ApiError('too_many_requests', 'Too many requests at once: try again in a moment.', { cause });

export const conflict = (cause?: unknown): ApiError =>
  new ApiError('conflict', 'The channel is being changed by other requests: try again in a moment.', {
    cause,
  });

export const unavailable = (cause?: unknown): ApiError =>
  new ApiError('unavailable', 'The service is not available now: try again in a moment.', { cause });

const throttlingNames = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
]);
const contentionCodes = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** What is told of an error by those who throw it: the SDK for the service's, Node for the network's. */
export interface Failure {
  name?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  /** Told by our own client: an earlier try of the same call got no answer. */
  outcomeUnknown?: boolean;
}

const noAnswerNames = new Set(['AbortError', 'TimeoutError', 'NetworkingError']);

/** Whether it is unknown what became of a call: no answer came, or one that tells nothing. */
export const isOutcomeUnknown = ({ name = '', code, $metadata }: Failure): boolean => {
  // An earlier try with the same token is still at work when the SDK has repeated it for the last time: how it ends is
  // as unknown as when no answer comes.
  if (name === 'TransactionInProgressException') return true;
  // An answer of the service carries its status; what carries none is of a call that never got one.
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500;
  return noAnswerNames.has(name) || (code !== undefined && !code.startsWith('ERR_'));
};

const oldItem = (marshalled: CancellationReason['Item']) => (marshalled ? unmarshall(marshalled) : undefined);

const readCancellation = (reasons: CancellationReason[], cause: unknown): Error => {
  if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed'))
    return new TransactionConditionFailed(
      reasons.map(({ Code, Item }) =>
        Code === 'ConditionalCheckFailed' ? { item: oldItem(Item) } : undefined,
      ),
    );
  const codes = reasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
  if (codes.length && codes.every((code) => contentionCodes.has(code)))
    return new WriteContention(!codes.includes('TransactionConflict'), cause);
  return cause as Error;
};

/**
 * What a failed call means, in terms that the rest of the code may know. Only what is named here is translated: all
 * else (a denied permission, a malformed request, a missing table) is a fault of ours and comes back as it is.
 */
export const translateFailure = (error: unknown): unknown => {
  if (error instanceof ConditionalCheckFailedException)
    return new ConditionFailed(oldItem(error.Item), (error as Failure).outcomeUnknown);
  if (error instanceof TransactionCanceledException)
    return readCancellation(error.CancellationReasons ?? [], error);
  const failure = (error ?? {}) as Failure;
  if (failure.name === 'TransactionConflictException') return new WriteContention(false, error);
  if (failure.name !== undefined && throttlingNames.has(failure.name)) return tooManyRequests(error);
  if (isOutcomeUnknown(failure)) return unavailable(error);
  return error;
};

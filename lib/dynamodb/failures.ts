import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ApiError } from '../errors.ts';

export type Item = Record<string, unknown>;

/** A write whose condition did not hold; the item is the one that stood in its way, if there is one. */
export class ConditionFailed extends Error {
  readonly item: Item | undefined;
  constructor(item: Item | undefined) {
    super('The condition of the write did not hold');
    this.item = item;
  }
}

/** A transaction of which at least one condition did not hold: per write, what stood in its way. */
export class TransactionRefused extends Error {
  readonly refusals: ({ item: Item | undefined } | undefined)[];
  constructor(refusals: ({ item: Item | undefined } | undefined)[]) {
    super('A condition of the transaction did not hold');
    this.refusals = refusals;
  }
}

/** Nothing was written because another writer was at the same items, or the table had no capacity: try again. */
export class Contended extends Error {
  /** Whether capacity was what lacked, rather than another transaction being under way. */
  readonly throttled: boolean;
  constructor(throttled: boolean, cause: unknown) {
    super('The items are being written by another request', { cause });
    this.throttled = throttled;
  }
}

const throttlingNames = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'TransactionInProgressException',
]);
const contentionCodes = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '');

const isOutOfReach = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  // An answer from the service carries its status; what carries none never got one.
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500;
  const { code } = error as { code?: string };
  return code !== undefined || ['AbortError', 'TimeoutError', 'NetworkingError'].includes(error.name);
};

const oldItem = (marshalled: CancellationReason['Item']) => (marshalled ? unmarshall(marshalled) : undefined);

const readCancellation = (reasons: CancellationReason[], cause: unknown): Error => {
  if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed'))
    return new TransactionRefused(
      reasons.map(({ Code, Item }) =>
        Code === 'ConditionalCheckFailed' ? { item: oldItem(Item) } : undefined,
      ),
    );
  const codes = reasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
  if (codes.length && codes.every((code) => contentionCodes.has(code)))
    return new Contended(!codes.includes('TransactionConflict'), cause);
  return cause as Error;
};

/**
 * What a failed call means, in terms that the rest of the code may know. Only what is named here is translated: all
 * else (a denied permission, a malformed request, a missing table) is a fault of ours and comes back as it is.
 */
export const translateFailure = (error: unknown): unknown => {
  if (error instanceof ConditionalCheckFailedException) return new ConditionFailed(oldItem(error.Item));
  if (error instanceof TransactionCanceledException)
    return readCancellation(error.CancellationReasons ?? [], error);
  if (nameOf(error) === 'TransactionConflictException') return new Contended(false, error);
  if (throttlingNames.has(nameOf(error)))
    return new ApiError('too_many_requests', 'Too many requests at once: try again in a moment.', {
      cause: error,
    });
  if (isOutOfReach(error))
    return new ApiError('unavailable', 'The service is not available now: try again in a moment.', {
      cause: error,
    });
  return error;
};

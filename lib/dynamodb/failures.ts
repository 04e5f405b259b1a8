import type { Item } from './item.ts';

/** The condition of a write did not hold. `item` is the stored item that failed the condition, if there is one. */
export class ConditionFailed extends Error {
  readonly item: Item | undefined;
  /** Whether an earlier try of the same write got no answer. That try may have been carried out. */
  readonly outcomeUnknown: boolean;
  constructor(item: Item | undefined, outcomeUnknown = false) {
    super('The condition of the write did not hold');
    this.item = item;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/**
 * At least one condition of a transaction did not hold. `conditionFailures` has an element for each write: undefined if
 * its condition held, otherwise the stored item that failed it, if there is one.
 */
export class TransactionConditionFailed extends Error {
  readonly conditionFailures: ({ item: Item | undefined } | undefined)[];
  /** Whether an earlier try of the same transaction got no answer. That try may still be carried out. */
  readonly outcomeUnknown: boolean;
  constructor(conditionFailures: ({ item: Item | undefined } | undefined)[], outcomeUnknown = false) {
    super('A condition of the transaction did not hold');
    this.conditionFailures = conditionFailures;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Another request was writing the same items. This try wrote nothing, and the write can be repeated. */
export class WriteContention extends Error {
  /** Whether a transaction was cancelled because capacity was missing, and not because of another transaction. */
  readonly throttled: boolean;
  /** Whether an earlier try of the same write got no answer. That try may have been carried out. */
  readonly outcomeUnknown: boolean;
  constructor(
    message = 'Another request is writing the same items',
    {
      cause,
      throttled = false,
      outcomeUnknown = false,
    }: { cause?: unknown; throttled?: boolean; outcomeUnknown?: boolean } = {},
  ) {
    super(message, { cause });
    this.throttled = throttled;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** The table had no capacity, and the SDK's retries ran out. Nothing was written. */
export class Throttled extends Error {
  constructor(cause?: unknown) {
    super('The table throttled the request', { cause });
  }
}

/** The table gave no answer, or the time of the request ran out. A write may have been carried out. */
export class Unavailable extends Error {
  constructor(cause?: unknown) {
    super('The table gave no answer in time', { cause });
  }
}

/** Whether an error says nothing about the request itself: the same request may succeed later. */
export const isTransient = (error: unknown): error is WriteContention | Throttled | Unavailable =>
  error instanceof WriteContention || error instanceof Throttled || error instanceof Unavailable;

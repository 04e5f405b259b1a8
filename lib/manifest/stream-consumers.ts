import { heartbeatKey, partitionPrefix, sortKeyPrefix } from '../channels/keys.ts';
import type { Permissions } from './permission-types.ts';

/** One function on the stream of the channels table. The deployment and the local server read these rows. */
export interface StreamConsumer {
  name: string;
  /** The file that exports `handler`, relative to the root of the project. */
  handler: string;
  /** The description in the Lambda console: one line. */
  description: string;
  /** How long one batch may take. */
  timeoutSeconds: number;
  mapping: StreamParameters;
  /**
   * Whether a record on which the function gave up goes to a dead-letter queue. If not, a scheduled function does its
   * work.
   */
  deadLetters: boolean;
  /** The event source mapping has its own permission to read the stream. */
  permissions: Permissions;
  /** Whether the function puts events on the event bus. */
  publishes?: boolean;
}

/** The parameters of Lambda's event source mapping, under their AWS names. */
export interface StreamParameters {
  /** A record is delivered if one of these matches it. At most 5. */
  filters: readonly FilterPattern[];
  /** Where a new mapping begins: with the oldest record of the stream (24 hours), or with the next one. */
  startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** The maximum number of records in a batch. A batch also has at most 6 MB. */
  batchSize: number;
  /** Seconds that Lambda waits to fill a batch. 0 delivers at once. */
  maximumBatchingWindow: number;
  /** Whether Lambda retries a failed batch in two halves. Halving does not count as a retry. */
  bisectBatchOnError: boolean;
  /** How often Lambda retries a failed batch before it gives up on the batch. */
  retryAttempts: number;
  /** Seconds after which Lambda gives up on a record without trying it. At least 60; -1 means never. */
  maximumRecordAge: number;
  /** Whether the function reports failed records (`batchItemFailures`) by their sequence numbers. */
  reportBatchItemFailures: boolean;
}

/** Lambda's filter rules, as far as the rows need them: for each named field, any of the given values. */
export interface FilterPattern {
  readonly [field: string]: FilterPattern | readonly (string | { readonly prefix: string })[];
}

/**
 * The items of namespaces whose sort key begins with one of these texts, when they are written, not when they are
 * removed.
 */
const written = (...sortKeyPrefixes: string[]): FilterPattern => ({
  eventName: ['INSERT', 'MODIFY'],
  dynamodb: {
    Keys: {
      pk: { S: [{ prefix: partitionPrefix }] },
      sk: { S: sortKeyPrefixes.map((prefix) => ({ prefix })) },
    },
  },
});

/** The heartbeat. Every stream consumer needs it, so that somebody notices when its mapping stops. */
const heartbeat: FilterPattern = {
  eventName: ['INSERT', 'MODIFY'],
  dynamodb: { Keys: { pk: { S: [heartbeatKey.pk] } } },
};

/** The first characters of a channel's id, which is its sort key. */
const hexDigits = '0123456789abcdef';

/** The permissions that are needed to apply pending changes, on the stream or on a schedule. */
export const applyPermissions: Permissions = {
  tables: {
    channels: [
      'dynamodb:BatchGetItem',
      'dynamodb:ConditionCheckItem',
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
    ],
    projections: ['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query'],
  },
};

export const streamConsumers: readonly StreamConsumer[] = [
  {
    name: 'publish-events',
    handler: 'functions/publish-events.ts',
    description: 'Numbers the changes of channels, keeps their history, and publishes them on the event bus',
    timeoutSeconds: 60,
    mapping: {
      filters: [written(...hexDigits, sortKeyPrefix.tombstone), heartbeat],
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      maximumBatchingWindow: 0,
      bisectBatchOnError: true,
      retryAttempts: 10,
      // No age makes Lambda give up on a record, because a change without a number is missing in the change log. A record
      // that fails becomes a dead letter within minutes, after its retries.
      maximumRecordAge: -1,
      reportBatchItemFailures: true,
    },
    deadLetters: true,
    permissions: {
      tables: {
        projections: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        history: ['dynamodb:PutItem'],
      },
    },
    publishes: true,
  },
  {
    name: 'project-channels',
    handler: 'functions/project-channels.ts',
    description: 'Applies pending changes of channels to the projections',
    timeoutSeconds: 60,
    mapping: {
      filters: [written(sortKeyPrefix.pendingChange), heartbeat],
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      maximumBatchingWindow: 0,
      bisectBatchOnError: true,
      retryAttempts: 3,
      maximumRecordAge: 60 * 60,
      reportBatchItemFailures: true,
    },
    // A pending change stays in the table until it is applied: a scheduled function applies those on which this
    // function gave up.
    deadLetters: false,
    permissions: applyPermissions,
  },
];

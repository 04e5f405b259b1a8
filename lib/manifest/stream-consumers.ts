import type { TableActions } from './operations.ts';

/** One row a function on the channels table's stream: deployment and local server read this table alike. */
export interface StreamConsumer {
  name: string;
  /** The file, from the project's root, whose export `handler` takes the records. */
  handler: string;
  /** What it is for, in a line that the Lambda console shows. */
  description: string;
  /** Seconds that one batch may take. */
  timeout: number;
  mapping: StreamParameters;
  /** Whether records that it has given up wait for a person in a queue; where not, something else does what they were for. */
  deadLetters: boolean;
  /** What the handler does to each table, as IAM names it. Reading the stream is the mapping's, and stands in none. */
  actions: TableActions;
  /** Whether it puts events on the event bus. */
  publishes?: boolean;
}

/** How Lambda's event source mapping feeds a function, in its own terms. */
export interface StreamParameters {
  /** A record is delivered where one of these matches it; at most 5. */
  filters: readonly FilterPattern[];
  /** Where a new mapping begins: with the oldest record that the stream still has (24 hours), or with the next. */
  startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** The most records in one batch; a batch holds at most 6 MB too. */
  batchSize: number;
  /** Seconds that an incomplete batch may wait to be filled; 0 delivers what is there. */
  maximumBatchingWindow: number;
  /** Whether a batch on which the function failed is tried again in two halves; halving counts as no retry. */
  bisectBatchOnError: boolean;
  /** How often a failed batch is tried again before it is given up. */
  retryAttempts: number;
  /** Seconds after which a record is given up untried; from 60. */
  maximumRecordAge: number;
  /** Whether the function may answer which records failed (`batchItemFailures`), as their sequence numbers. */
  reportBatchItemFailures: boolean;
}

/** Lambda's filter rule syntax, as far as a row needs it: any of the values given for each field that is named. */
export interface FilterPattern {
  readonly [field: string]: FilterPattern | readonly (string | { readonly prefix: string })[];
}

const beginsWith = (...prefixes: string[]) => prefixes.map((prefix) => ({ prefix }));

/** What it takes to settle a mark, whoever does. */
export const applyPermissions: TableActions = {
  channels: [
    'dynamodb:BatchGetItem',
    'dynamodb:ConditionCheckItem',
    'dynamodb:DeleteItem',
    'dynamodb:GetItem',
    'dynamodb:Query',
    'dynamodb:UpdateItem',
  ],
  directory: ['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query'],
};

export const streamConsumers: readonly StreamConsumer[] = [
  {
    name: 'publish-events',
    handler: 'functions/publish-events.ts',
    description: 'Publishes what becomes of channels to the event bus',
    timeout: 60,
    mapping: {
      // Channels, whose keys are ids in hex, and tombstones, as they are written; not what goes, nor any other item.
      filters: [
        {
          eventName: ['INSERT', 'MODIFY'],
          dynamodb: {
            Keys: {
              pk: { S: beginsWith('NS#') },
              sk: { S: beginsWith(...'0123456789abcdef', '~gone#') },
            },
          },
        },
      ],
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      maximumBatchingWindow: 0,
      bisectBatchOnError: true,
      retryAttempts: 10,
      // A record that fails is a dead letter within minutes, after its tries; this is for those that wait behind it. The
      // stream keeps records for 24 hours: half of that for their turn to come, half to replay from dead letters.
      maximumRecordAge: 12 * 60 * 60,
      reportBatchItemFailures: true,
    },
    deadLetters: true,
    actions: {},
    publishes: true,
  },
  {
    name: 'settle-directory',
    handler: 'functions/settle-directory.ts',
    description: 'Brings the directory up to date with the channels that changes have marked',
    timeout: 60,
    mapping: {
      filters: [
        {
          eventName: ['INSERT', 'MODIFY'],
          dynamodb: { Keys: { pk: { S: beginsWith('NS#') }, sk: { S: beginsWith('~pending#') } } },
        },
      ],
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      maximumBatchingWindow: 0,
      bisectBatchOnError: true,
      retryAttempts: 3,
      maximumRecordAge: 60 * 60,
      reportBatchItemFailures: true,
    },
    // What can't be settled now is settled by the schedule: a mark stays in the table until it is.
    deadLetters: false,
    actions: applyPermissions,
  },
];

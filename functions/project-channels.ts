import type { DynamoDBBatchItemFailure, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { readMarkKey } from '../lib/channels/pending-change.ts';
import { readTablesConfig } from '../lib/config.ts';
import { settleEach } from '../lib/projections/apply/apply-each.ts';
import { openTables } from '../lib/projections/channel-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { logFailure } from '../lib/log.ts';

const { CHANNELS_TABLE: channels, DIRECTORY_TABLE: directory } = readTablesConfig();
const client = connect();

/** The marks of a namespace, by the channel's id, each with the number of the first record that tells of it. */
type Told = Map<string, string>;

const byNamespace = (records: DynamoDBRecord[]): Map<string, Told> => {
  const namespaces = new Map<string, Told>();
  for (const { dynamodb } of records) {
    const { namespace, id } = readMarkKey({
      pk: dynamodb?.Keys?.pk?.S ?? '',
      sk: dynamodb?.Keys?.sk?.S ?? '',
    });
    const told = namespaces.get(namespace) ?? new Map();
    if (!told.has(id)) told.set(id, dynamodb?.SequenceNumber ?? '');
    namespaces.set(namespace, told);
  }
  return namespaces;
};

/**
 * Settles the marks that a batch of the stream tells of, each once, and answers the records of those that could not be. No
 * namespace waits for another's.
 */
export const handler: DynamoDBStreamHandler = async ({ Records }, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - 1_000);
  const tables = openTables(client, { channels, directory }, signal);
  const batchItemFailures: DynamoDBBatchItemFailure[] = [];
  const settling = [...byNamespace(Records)].map(([namespace, told]) =>
    settleEach(tables, namespace, [...told.keys()], (id, error) => {
      logFailure({ namespace, channel: id }, error);
      batchItemFailures.push({ itemIdentifier: told.get(id) as string });
    }),
  );
  await Promise.all(settling);
  return { batchItemFailures };
};

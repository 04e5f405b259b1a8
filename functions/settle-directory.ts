import type { DynamoDBBatchItemFailure, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { readMarkKey } from '../lib/channels/mark.ts';
import { readTablesConfig } from '../lib/config.ts';
import { settle } from '../lib/directory/settle.ts';
import { openTables, type Tables } from '../lib/directory/tables.ts';
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

/** All together; where that fails, one after the other, so that one which can't be settled keeps no other from it. */
const settleAll = async (
  tables: Tables,
  namespace: string,
  told: Told,
): Promise<DynamoDBBatchItemFailure[]> => {
  const failures: DynamoDBBatchItemFailure[] = [];
  try {
    await settle(tables, namespace, [...told.keys()]);
  } catch {
    for (const [id, itemIdentifier] of told)
      try {
        await settle(tables, namespace, [id]);
      } catch (error) {
        logFailure({ namespace, channel: id }, error);
        failures.push({ itemIdentifier });
      }
  }
  return failures;
};

/**
 * Settles the marks that a batch of the stream tells of, each once, and answers the records of those that could not be. No
 * namespace waits for another's.
 */
export const handler: DynamoDBStreamHandler = async ({ Records }, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - 1_000);
  const tables = openTables(client, { channels, directory }, signal);
  const failures = await Promise.all(
    [...byNamespace(Records)].map(([namespace, told]) => settleAll(tables, namespace, told)),
  );
  return { batchItemFailures: failures.flat() };
};

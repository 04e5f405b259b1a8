import type { DynamoDBBatchItemFailure, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { parsePendingChangeKey } from '../lib/channels/pending-change.ts';
import { readTablesConfig } from '../lib/config.ts';
import { applyEach } from '../lib/projections/apply/apply-each.ts';
import { openChannelTables } from '../lib/projections/channel-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { logFailure } from '../lib/log.ts';

const { CHANNELS_TABLE: channels, DIRECTORY_TABLE: directory } = readTablesConfig();
const client = connect();

/** The marks of a namespace, by the channel's id, each with the number of the first record that tells of it. */
type SequenceNumbers = Map<string, string>;

const byNamespace = (records: DynamoDBRecord[]): Map<string, SequenceNumbers> => {
  const namespaces = new Map<string, SequenceNumbers>();
  for (const { dynamodb } of records) {
    const { namespace, id } = parsePendingChangeKey({
      pk: dynamodb?.Keys?.pk?.S ?? '',
      sk: dynamodb?.Keys?.sk?.S ?? '',
    });
    const sequenceNumbers = namespaces.get(namespace) ?? new Map();
    if (!sequenceNumbers.has(id)) sequenceNumbers.set(id, dynamodb?.SequenceNumber ?? '');
    namespaces.set(namespace, sequenceNumbers);
  }
  return namespaces;
};

/**
 * Settles the marks that a batch of the stream tells of, each once, and answers the records of those that could not be. No
 * namespace waits for another's.
 */
export const handler: DynamoDBStreamHandler = async ({ Records }, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - 1_000);
  const tables = openChannelTables(client, { channels, directory }, signal);
  const batchItemFailures: DynamoDBBatchItemFailure[] = [];
  const settling = [...byNamespace(Records)].map(([namespace, sequenceNumbers]) =>
    applyEach(tables, namespace, [...sequenceNumbers.keys()], (id, error) => {
      logFailure({ namespace, channel: id }, error);
      batchItemFailures.push({ itemIdentifier: sequenceNumbers.get(id) as string });
    }),
  );
  await Promise.all(settling);
  return { batchItemFailures };
};

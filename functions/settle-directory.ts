import type { DynamoDBBatchItemFailure, DynamoDBStreamHandler } from 'aws-lambda';
import { readTablesConfig } from '../lib/config.ts';
import { readMarkKey } from '../lib/directory/mark.ts';
import { settle } from '../lib/directory/settle.ts';
import { openTables } from '../lib/directory/tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { logFailure } from '../lib/log.ts';

const { CHANNELS_TABLE: channels, DIRECTORY_TABLE: directory } = readTablesConfig();
const client = connect();

/** Settles the marks that a batch of the stream tells of, each once, and answers the records of those that could not be. */
export const handler: DynamoDBStreamHandler = async ({ Records }, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - 1_000);
  const tables = openTables(client, { channels, directory }, signal);
  const settled = new Set<string>();
  const batchItemFailures: DynamoDBBatchItemFailure[] = [];
  for (const { dynamodb } of Records) {
    const [pk, sk] = [dynamodb?.Keys?.pk?.S ?? '', dynamodb?.Keys?.sk?.S ?? ''];
    const { namespace, id } = readMarkKey({ pk, sk });
    if (settled.has(`${pk}/${sk}`)) continue;
    try {
      await settle(tables, namespace, id);
      settled.add(`${pk}/${sk}`);
    } catch (error) {
      logFailure({ namespace, channel: id }, error);
      batchItemFailures.push({ itemIdentifier: dynamodb?.SequenceNumber ?? '' });
    }
  }
  return { batchItemFailures };
};

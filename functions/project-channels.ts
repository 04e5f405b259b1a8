import type { DynamoDBBatchItemFailure, DynamoDBRecord, DynamoDBStreamHandler } from 'aws-lambda';
import { readMetricsConfig, readProjectionsConfig } from '../lib/config.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { acceptHeartbeats } from '../lib/heartbeat.ts';
import { logFailure } from '../lib/log.ts';
import { metricsPublisher } from '../lib/metrics.ts';
import { applyEach } from '../lib/projections/apply/apply-each.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { parsePendingChangeKey } from '../lib/projections/read-pending-changes.ts';

const { CHANNELS_TABLE: channels, PROJECTIONS_TABLE: projections } = readProjectionsConfig();
const publishMetrics = metricsPublisher(readMetricsConfig().METRIC_NAMESPACE, 'project-channels');
const client = connect();

const deadlineMarginMs = 1_000;

/** The first record of each pending change of a namespace: its sequence number by the id of the channel. */
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
 * Applies the pending changes of a batch of stream records, each once, and reports the records of those that failed.
 * The namespaces are handled concurrently, so that none waits for another.
 */
export const handler: DynamoDBStreamHandler = async ({ Records }, context) => {
  const signal = AbortSignal.timeout(context.getRemainingTimeInMillis() - deadlineMarginMs);
  const tables = openChannelTables(client, { channels, projections }, signal);
  const batchItemFailures: DynamoDBBatchItemFailure[] = [];
  const pendingChanges = acceptHeartbeats(Records, publishMetrics);
  const applying = [...byNamespace(pendingChanges)].map(([namespace, sequenceNumbers]) =>
    applyEach(tables, namespace, [...sequenceNumbers.keys()], (id, error) => {
      logFailure({ namespace, channel: id }, error);
      batchItemFailures.push({ itemIdentifier: sequenceNumbers.get(id) as string });
    }),
  );
  await Promise.all(applying);
  return { batchItemFailures };
};

import { ConditionFailed, isTransient } from '../../lib/dynamodb/failures.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { again, retry } from '../../lib/dynamodb/retry.ts';
import type { Table } from '../../lib/dynamodb/table.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';

/** Items that are written concurrently. */
const concurrency = 16;

const setVersion = async (channels: Table, { pk, sk }: Item, version: number): Promise<void> => {
  let last: unknown;
  const attempt = async (): Promise<undefined | typeof again> => {
    try {
      await channels.update({
        Key: { pk, sk },
        UpdateExpression: 'SET #v = :version',
        // Time to live may have removed a tombstone since it was read.
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#v': '__v' },
        ExpressionAttributeValues: { ':version': version },
      });
      return undefined;
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined;
      if (!isTransient(error)) throw error;
      last = error;
      return again;
    }
  };
  const exhausted = () => {
    throw last;
  };
  await retry(attempt, { signal: channels.signal, exhausted });
};

/**
 * Sets the version of every channel and tombstone of a restored table to the present time in milliseconds, the same for all.
 * So no version, event id or entity tag of a change that the backup does not have comes again with other content, and every
 * later change is newer. A version counts changes, and a channel takes at most 1,000 changes a second (a partition takes 1,000
 * write units a second: Amazon DynamoDB Developer Guide, "Designing partition keys"). So a channel whose version was never
 * raised is far below, and one whose version an earlier restore has raised is below too, unless it has changed without a pause
 * since. Nobody else may write to the table. It can be done again: the versions only grow.
 * @throws Error if a version is higher than the present time; the last error of DynamoDB, if it throttles for too long
 */
export const raiseVersions = async (channels: Table): Promise<void> => {
  const version = Date.now();
  let batch: Item[] = [];
  const writeBatch = async () => {
    await mapConcurrently(batch, concurrency, (item) => setVersion(channels, item, version));
    batch = [];
  };
  for await (const item of channels.scan()) {
    if (item.__v === undefined) continue;
    if ((item.__v as number) > version)
      throw new Error(
        `The clock of this machine is behind: ${item.pk} ${item.sk} has the version ${item.__v}.`,
      );
    if (batch.push(item) === 8 * concurrency) await writeBatch();
  }
  await writeBatch();
};

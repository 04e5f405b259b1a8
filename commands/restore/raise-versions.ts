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
 * Sets the version of every channel and tombstone of a restored table to the present time in milliseconds. All get the same
 * version. It is higher than every version before, also than those of changes that the backup does not have. So no version, event
 * id or entity tag comes again with other content, and every later change is newer.
 *
 * No version is ahead of the time, for this reason. Each change adds 1 to the version of a channel. A channel takes at most 1,000
 * changes a second, because a partition takes 1,000 write units a second (Amazon DynamoDB Developer Guide, "Designing partition
 * keys"). The time in milliseconds grows by 1,000 a second. So a version that began at 0 stays far below the time. A version that
 * an earlier restore has raised stays below it too, unless the channel has changed 1,000 times a second ever since.
 *
 * Nobody else may write to the table. This can be done again: the second run sets a later time.
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

import { isDeepStrictEqual } from 'node:util';
import { allIds } from '../channels/id-range.ts';
import { counterShards, sumCounters, type Totals } from '../channels/items.ts';
import { channelsIn, countersOf, keys } from '../channels/keys.ts';
import { TransactionConditionFailed, WriteContention } from '../dynamodb/failures.ts';
import type { Item } from '../dynamodb/item.ts';
import { pages, readFirst } from '../dynamodb/pages.ts';
import type { Table, Write } from '../dynamodb/table.ts';

const maxAttempts = 10;

const countChannels = async (table: Table, namespace: string): Promise<Totals> => {
  const totals: Totals = { enabled: 0, disabled: 0 };
  const query = channelsIn(namespace, allIds);
  for await (const page of pages(table, { ...query, ProjectionExpression: 'disabled' }))
    for (const { disabled } of page.items) totals[disabled ? 'disabled' : 'enabled']++;
  return totals;
};

const readCounterItems = (table: Table, namespace: string): Promise<Item[]> =>
  readFirst(table, countersOf(namespace), counterShards);

const changesOf = (counters: Item[]) => new Map(counters.map(({ sk, changes }) => [sk, changes]));

const isSame = (one: Totals, other: Totals) =>
  one.enabled === other.enabled && one.disabled === other.disabled;

/** Every change of the totals increments `changes` of a counter. If none has changed, no channel was counted meanwhile. */
const write = (namespace: string, shard: number, { enabled, disabled }: Totals, changes: unknown): Write => ({
  Update: {
    Key: keys.counter(namespace, shard),
    UpdateExpression: 'SET enabled = :enabled, disabled = :disabled ADD changes :one',
    ConditionExpression: changes === undefined ? 'attribute_not_exists(changes)' : 'changes = :changes',
    ExpressionAttributeValues: {
      ':enabled': enabled,
      ':disabled': disabled,
      ':one': 1,
      ...(changes !== undefined && { ':changes': changes }),
    },
  },
});

/**
 * Counts the channels of a namespace and sets its totals. Others may write meanwhile: all counters are written or none,
 * and only if no total has changed since the count began.
 * @returns the totals before and after
 * @throws WriteContention after 10 attempts in which others wrote. Nothing has changed then.
 */
export const recountTotals = async (
  table: Table,
  namespace: string,
): Promise<{ before: Totals; after: Totals }> => {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const counters = await readCounterItems(table, namespace);
    const changes = changesOf(counters);
    const before = sumCounters(counters);
    const after = await countChannels(table, namespace);
    if (isSame(before, after)) {
      // A change after the counters were read can make wrong totals look right.
      if (isDeepStrictEqual(changesOf(await readCounterItems(table, namespace)), changes))
        return { before, after };
      continue;
    }
    // A counter may be visible a moment before its channel, so a count is accepted only if a second one agrees.
    if (!isSame(after, await countChannels(table, namespace))) continue;
    try {
      await table.transact(() =>
        Array.from({ length: counterShards }, (_, shard) =>
          write(
            namespace,
            shard,
            shard === 0 ? after : { enabled: 0, disabled: 0 },
            changes.get(keys.counter(namespace, shard).sk),
          ),
        ),
      );
      return { before, after };
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
    }
  }
  throw new WriteContention(
    `The totals of "${namespace}" changed during each of ${maxAttempts} counts: try again later`,
  );
};

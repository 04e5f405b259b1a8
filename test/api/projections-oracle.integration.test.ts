import { describe, expect, test } from '@jest/globals';
import { connect } from '../../lib/dynamodb/client.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { type ChannelTables, openChannelTables } from '../../lib/projections/open-tables.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { type CallFault, failCalls } from '../support/failing-client.ts';
import { expectedEntries, idsOf, readProjections } from '../support/projections.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { SearchOracle } from '../support/search-oracle.ts';
import { useService } from '../support/use-service.ts';
import { findWrongExternalKeys } from '../support/whole-partitions.ts';

/**
 * Makes random writes, and compares a search or a list with a plain array after each of them. Meanwhile the projector is
 * stopped, runs, or is killed at random. `PROJECTIONS_WRITES` sets the number of writes, `PROJECTIONS_SEED` repeats a run.
 */
const writes = Number(process.env.PROJECTIONS_WRITES ?? 150);
const seed = Number(process.env.PROJECTIONS_SEED ?? 20_261_124);

const service = useService();

/** The same tables, with a client that fails before a call or after it, as if the process was killed. */
const openKillableTables = (chooseKill: () => CallFault['moment'] | undefined): ChannelTables => {
  const client = connect();
  failCalls(client, () => {
    const moment = chooseKill();
    return moment && { moment, error: () => new Error('Killed') };
  });
  const names = { channels: service.channels.name, projections: service.projections.name };
  return openChannelTables(client, names, AbortSignal.timeout(600_000));
};

/** Applies pending changes beside the writers, until `isOver`. */
type Projector = (namespace: string, random: Random, isOver: () => boolean) => Promise<void>;

const pendingIds = async (namespace: string) => idsOf(await readPendingChanges(service.channels, namespace));

const projectors: Record<string, Projector> = {
  stopped: async () => undefined,
  running: async (namespace, _random, isOver) => {
    while (!isOver()) await applyPending(service, namespace, await pendingIds(namespace));
  },
  'killed at random': async (namespace, random, isOver) => {
    const chooseKill = () => (random.next() < 0.1 ? random.pick(['before', 'after'] as const) : undefined);
    const tables = openKillableTables(chooseKill);
    while (!isOver())
      for (const id of await pendingIds(namespace))
        await applyPending(tables, namespace, [id]).catch((error) => expect(error.message).toBe('Killed'));
  },
};

describe.each(Object.entries(projectors))('while the projector is %s', (name, project) => {
  test('each search and each list by id returns what was written before it', async () => {
    const namespace = name.replaceAll(' ', '-');
    // The writers and the projector run concurrently. Each has its own generator, so that a seed repeats the writes.
    const oracle = await SearchOracle.start(service, namespace, randomFrom(seed + name.length));

    let isOver = false;
    const projecting = project(namespace, randomFrom(seed - name.length), () => isOver);
    for (let count = 0; count < writes; count++) {
      await oracle.write();
      await oracle.compare();
      expect(oracle.wrong).toEqual([]);
    }
    isOver = true;
    await projecting;

    const stored = [...oracle.channels.values()].map(({ _id, integration_meta: meta }) => ({
      _id,
      ...(meta && { integration_meta: JSON.stringify(meta) }),
    }));
    expect(await findWrongExternalKeys(service.channels, namespace, stored)).toEqual([]);

    // Once all changes are applied, the projections are exact, even if the projector was killed before.
    await applyPending(service, namespace, await pendingIds(namespace));
    const { pendingChanges, suffixEntries, buckets } = await readProjections(service, namespace);
    const channels = Object.fromEntries(oracle.channels);
    expect([pendingChanges, suffixEntries]).toEqual([[], expectedEntries(namespace, channels)]);
    const firsts = buckets.map(([first]) => first as string);
    const isInBucket = (index: number) => (id: string) =>
      (firsts[index] as string) <= id && id < (firsts[index + 1] ?? 'g');
    expect(buckets.map(([, count]) => count)).toEqual(
      firsts.map((_, index) => Object.keys(channels).filter(isInBucket(index)).length),
    );
  }, 600_000);
});

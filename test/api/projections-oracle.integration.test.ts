import { describe, expect, test } from '@jest/globals';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { type ChannelTables, openChannelTables } from '../../lib/projections/open-tables.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { type ExpectedQuery, expectedList, expectedPage } from '../support/oracle.ts';
import { expectedEntries, idsOf, readProjections } from '../support/projections.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { useService } from '../support/use-service.ts';

/**
 * Makes random writes, and compares a search or a list with a plain array after each of them. Meanwhile the projector is
 * stopped, runs, or is killed at random. `PROJECTIONS_WRITES` sets the number of writes, `PROJECTIONS_SEED` repeats a run.
 */
const writes = Number(process.env.PROJECTIONS_WRITES ?? 360);
const seed = Number(process.env.PROJECTIONS_SEED ?? 20_261_124);

const service = useService();

/** A word with more suffixes than a transaction has items, so that it is applied in several transactions. */
const longWord = Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
const words = ['Retail', 'wholesale', 'Shop', 'café', 'قناة', 'التجزئة', 'é', 'North-West', '24', longWord];
const fragments = ['re', 'tail', 'SHOP', 'cafe', 'قناه', 'o', '-', '24', 'e sh', longWord.slice(40, 43)];

/** The same tables, with a client that fails before a call or after it, as if the process was killed. */
const openKillableTables = (chooseKill: () => 'before' | 'after' | undefined): ChannelTables => {
  const client = connect();
  client.middlewareStack.add(
    (next) => async (args) => {
      const kill = chooseKill();
      if (kill === 'before') throw new Error('Killed');
      const result = await next(args);
      if (kill === 'after') throw new Error('Killed');
      return result;
    },
    { step: 'initialize', priority: 'high' },
  );
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
    const key = await service.newKey({ namespaces: [namespace, `${namespace}-other`] });
    // The writers and the projector run concurrently. Each has its own generator, so that a seed repeats the writes.
    const { next: random, pick } = randomFrom(seed + name.length);
    const projectorRandom = randomFrom(seed - name.length);
    const channels = new Map<string, ChannelDocument>();
    const call = async (route: string, body?: object) => {
      const reply = await service.call(route, { key, ...(body && { body }) });
      expect([route, reply.body.error]).toEqual([route, undefined]);
      return reply.body;
    };
    const keep = (channel: ChannelDocument) => {
      if (channel.company_namespace.includes(namespace)) channels.set(channel._id, channel);
      else channels.delete(channel._id);
    };
    const newName = () =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(words))
        .join(' ')
        .slice(0, 256);

    const newPatch = (chance: number) => {
      if (chance < 0.5) return { name: newName() };
      if (chance < 0.7) return { disabled: random() < 0.5 };
      if (chance < 0.8) return { local_name: newName() };
      return { company_namespace: pick([[namespace, `${namespace}-other`], [namespace]]) };
    };
    const write = async () => {
      const chance = random();
      const id = pick([...channels.keys()]);
      if (id === undefined || chance < 0.55)
        return keep((await call('POST /client-channel', { name: newName(), disabled: random() < 0.3 })).data);
      if (chance < 0.9) return keep((await call(`PUT /client-channel/${id}`, newPatch(random()))).data);
      await call(`DELETE /client-channel/${id}`);
      channels.delete(id);
    };

    const compareWithArray = async () => {
      const all = [...channels.values()];
      const perPage = pick([5, 25, 100]);
      const page = 1 + Math.floor((random() * (all.length + 1)) / perPage);
      const from = pick(all)?._id ?? allIds.first;
      const search = pick(fragments);
      const byId: ExpectedQuery['sort'] = [{ field: '_id', descending: random() < 0.5 }];
      const sort = byId[0]?.descending ? '-_id' : '_id';
      const [queryText, query] = pick<[string, ExpectedQuery]>([
        [`search=${encodeURIComponent(search)}&sort=${sort}`, { search, sort: byId }],
        [
          `search=${encodeURIComponent(search)}&sort=name`,
          { search, sort: [{ field: 'name', descending: false }] },
        ],
        [
          `search=${encodeURIComponent(search)}&disabled=true`,
          { search, disabled: true, sort: [{ field: '_id', descending: false }] },
        ],
        [`sort=${sort}`, { sort: byId }],
        [`from__id=${from}&sort=${sort}`, { from: { id: from, at: 'id' }, sort: byId }],
        [`to__id=${from}&sort=${sort}`, { to: { id: from, at: 'id' }, sort: byId }],
        // The indexes of DynamoDB Local do not lag, so these lists are exact here.
        ['sort=name', { sort: [{ field: 'name', descending: false }] }],
        ['disabled=true', { disabled: true, sort: [{ field: '_id', descending: false }] }],
      ]);
      const { data, pagination } = await call(
        `GET /client-channel?${queryText}&page=${page}&per_page=${perPage}`,
      );
      const { next_cursor: _next, prev_cursor: _previous, ...numbers } = pagination;
      const expected = expectedPage(expectedList(all, query), perPage, (page - 1) * perPage);
      expect({ queryText, data, pagination: numbers }).toEqual({
        queryText,
        data: expected.data,
        pagination: expected.pagination,
      });
    };

    let isOver = false;
    const projecting = project(namespace, projectorRandom, () => isOver);
    for (let count = 0; count < writes; count++) {
      await write();
      await compareWithArray();
    }
    isOver = true;
    await projecting;

    // Once all changes are applied, the projections are exact, even if the projector was killed before.
    await applyPending(service, namespace, await pendingIds(namespace));
    const { pendingChanges, suffixEntries, buckets } = await readProjections(service, namespace);
    const names = Object.fromEntries([...channels.values()].map((channel) => [channel._id, channel.name]));
    expect([pendingChanges, suffixEntries]).toEqual([[], expectedEntries(namespace, names)]);
    const firsts = buckets.map(([first]) => first as string);
    const isInBucket = (index: number) => (id: string) =>
      (firsts[index] as string) <= id && id < (firsts[index + 1] ?? 'g');
    expect(buckets.map(([, count]) => count)).toEqual(
      firsts.map((_, index) => Object.keys(names).filter(isInBucket(index)).length),
    );
  }, 600_000);
});

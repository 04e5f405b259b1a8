import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { readPendingChanges } from '../../lib/projections/read-pending-changes.ts';
import { type ExpectedQuery, expectedList, expectedPage } from '../support/oracle.ts';
import { expectedEntries, readProjections } from '../support/projections.ts';
import { randomFrom } from '../support/random.ts';
import { type Service, startService } from '../support/service.ts';

/**
 * Searches and lists after each of many random writes, while what brings the directory up to date is stopped, running, or
 * dies at random. `DIRECTORY_WRITES` and `DIRECTORY_SEED` choose how many, and which.
 */
const writes = Number(process.env.DIRECTORY_WRITES ?? 360);
const seed = Number(process.env.DIRECTORY_SEED ?? 20_261_124);

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** More suffixes than a transaction takes, so that it is settled in several. */
const long = Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
const words = ['Retail', 'wholesale', 'Shop', 'café', 'قناة', 'التجزئة', 'é', 'North-West', '24', long];
const fragments = ['re', 'tail', 'SHOP', 'cafe', 'قناه', 'o', '-', '24', 'e sh', long.slice(40, 43)];

/** One who dies at a call of his choice, before it is made or after; until then a table as any. */
const mortal = (name: string, dies: () => 'before' | 'after' | undefined) =>
  new Proxy(
    new Table({ client: connect(), meter: new Meter(), signal: AbortSignal.timeout(600_000) }, name),
    {
      get: (table, property) => {
        const value = Reflect.get(table, property, table);
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          const when = dies();
          if (when === 'before') throw new Error('Killed');
          const answer = await value.apply(table, given);
          if (when === 'after') throw new Error('Killed');
          return answer;
        };
      },
    },
  );

/** What brings the directory up to date, beside those who write: a step at a time, until it is told to end. */
const settlers: Record<
  string,
  (namespace: string, random: () => number, isOver: () => boolean) => Promise<void>
> = {
  stopped: async () => undefined,
  running: async (namespace, _random, isOver) => {
    while (!isOver())
      await applyPending(
        service,
        namespace,
        (await readPendingChanges(service.channels, namespace)).map(({ id }) => id),
      );
  },
  'killed at random': async (namespace, random, isOver) => {
    const dies = () => (random() < 0.1 ? (random() < 0.5 ? 'before' : 'after') : undefined);
    const tables = {
      channels: mortal(service.channels.name, dies),
      projections: mortal(service.projections.name, dies),
    };
    while (!isOver())
      for (const { id } of await readPendingChanges(service.channels, namespace))
        await applyPending(tables, namespace, [id]).catch((error) => expect(error.message).toBe('Killed'));
  },
};

describe.each(Object.entries(settlers))('with what settles marks %s', (name, settler) => {
  test('a search and a list by id answer at once what was written', async () => {
    const namespace = name.replaceAll(' ', '-');
    const key = await service.newKey({ namespaces: [namespace, `${namespace}-other`] });
    const { next: random, pick } = randomFrom(seed + name.length);
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

    const change = (chance: number) => {
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
      if (chance < 0.9) return keep((await call(`PUT /client-channel/${id}`, change(random()))).data);
      await call(`DELETE /client-channel/${id}`);
      channels.delete(id);
    };

    const compare = async () => {
      const all = [...channels.values()];
      const perPage = pick([5, 25, 100]);
      const page = 1 + Math.floor((random() * (all.length + 1)) / perPage);
      const from = pick(all)?._id ?? allIds.first;
      const search = pick(fragments);
      const byId: ExpectedQuery['sort'] = [{ field: '_id', descending: random() < 0.5 }];
      const sort = byId[0]?.descending ? '-_id' : '_id';
      const [query, wish] = pick<[string, ExpectedQuery]>([
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
        // The engine's indexes know each write at once.
        ['sort=name', { sort: [{ field: 'name', descending: false }] }],
        ['disabled=true', { disabled: true, sort: [{ field: '_id', descending: false }] }],
      ]);
      const list = expectedList(all, wish);
      const expected = expectedPage(list, perPage, (page - 1) * perPage);
      const { data, pagination } = await call(
        `GET /client-channel?${query}&page=${page}&per_page=${perPage}`,
      );
      const { next_cursor: _next, prev_cursor: _previous, ...numbers } = pagination;
      expect({ query, data, pagination: numbers }).toEqual({
        query,
        data: expected.data,
        pagination: expected.pagination,
      });
    };

    let isOver = false;
    const settling = settler(namespace, random, () => isOver);
    for (let count = 0; count < writes; count++) {
      await write();
      await compare();
    }
    isOver = true;
    await settling;

    // Whatever died on the way: once all is settled, the directory is as if nothing had.
    await applyPending(
      service,
      namespace,
      (await readPendingChanges(service.channels, namespace)).map(({ id }) => id),
    );
    const { marks, entries, blocks } = await readProjections(service, namespace);
    const names = Object.fromEntries([...channels.values()].map((channel) => [channel._id, channel.name]));
    expect([marks, entries]).toEqual([[], expectedEntries(namespace, names)]);
    const firsts = blocks.map(([first]) => first as string);
    const inBlock = (index: number) => (id: string) =>
      (firsts[index] as string) <= id && id < (firsts[index + 1] ?? 'g');
    expect(blocks.map(([, count]) => count)).toEqual(
      firsts.map((_, index) => Object.keys(names).filter(inBlock(index)).length),
    );
  }, 600_000);
});

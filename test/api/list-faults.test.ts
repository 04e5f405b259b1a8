import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import { createTables } from '../../local/create-tables.ts';
import { type BentLine, startBentLine } from '../support/rewriting-proxy.ts';
import { channelOf, seedChannels, seededAt } from '../support/seed.ts';
import { type Service, startService } from '../support/service.ts';

// What DynamoDB does to lists, and its engine for one machine does not.

let line: BentLine;
let service: Service;

beforeAll(async () => {
  service = await startService(async (engine) => {
    line = await startBentLine(engine);
    return line.endpoint;
  });
});
afterEach(() => line.straighten());
afterAll(async () => {
  await service.stop();
  line.close();
});

/** Thirty channels of a namespace: many of one name, of one time, of one external id; a third is disabled. */
const given = async (namespace: string) => {
  const channels = Array.from({ length: 30 }, (_, index) => {
    const ordinal = (index * 7) % 30;
    return channelOf(ordinal, {
      name: ['Retail', 'retail', 'Wholesale', `Shop ${ordinal % 5}`][ordinal % 4] as string,
      disabled: ordinal % 3 === 0,
      updatedAt: seededAt + Math.floor(ordinal / 8),
      integration_meta: JSON.stringify({ external_id: `ch_${ordinal % 2}`, id: ordinal % 3 }),
      company_namespace: [namespace],
    });
  });
  const documents = await seedChannels(service, channels);
  const key = await service.newKey({ namespaces: [namespace] });
  const list = (query: string) => service.call(`GET /client-channel?${query}`, { key });
  return { key, list, ids: documents.map(({ _id }) => _id).sort() };
};

/** One of each plan; the fourth channel's id and the first twelve ids are yet to be filled in. */
const forms = [
  '',
  'sort=-_id',
  'from__id=FOURTH',
  'sort=name',
  'sort=-name',
  'sort=updatedAt',
  'sort=-updatedAt',
  `from_updatedAt=${seededAt}&sort=updatedAt`,
  `from_updatedAt=${seededAt}&sort=-updatedAt`,
  'sort=disabled',
  'sort=-disabled',
  'disabled=true',
  'disabled=false&sort=-_id',
  'disabled=false&from__id=FOURTH',
  '_id=TWELVE',
  'integration_meta.external_id=ch_1',
  'integration_meta.id=0&sort=-name',
  'name=retail&name=Wholesale&name=Retail',
  `from_updatedAt=${seededAt + 1}`,
  'disabled=false&sort=-name',
  'search=shop',
  'search=e&disabled=false&sort=-updatedAt',
  'local_name=x',
  'sort=local_name',
];

const queryOf = (form: string, ids: string[]) =>
  form.replace('FOURTH', `${ids[3]}`).replace('TWELVE', ids.slice(0, 12).join());

type List = (query: string) => ReturnType<Service['call']>;

/** All pages of a list, by cursor there and back, and two by their numbers. */
const pagesOf = async (list: List, query: string) => {
  const pages: unknown[] = [];
  const read = async (place: string) => {
    const { status, body } = await list(`${query}&per_page=7&${place}`);
    const { next_cursor, prev_cursor, ...numbers } = body.pagination ?? {};
    pages.push({ status, error: body.error, data: body.data, numbers });
    return { next_cursor, prev_cursor };
  };
  for (const way of ['next_cursor', 'prev_cursor'] as const) {
    let place: string | undefined = way === 'next_cursor' ? 'page=1' : 'page=3';
    while (place !== undefined) {
      const cursor: string | undefined = (await read(place))[way];
      place = cursor && `cursor=${cursor}`;
    }
  }
  return pages;
};

describe('a page of DynamoDB that ends before what was asked for', () => {
  /** Ends every page early, and leaves every second empty, as DynamoDB does once it has read 1 MB. */
  const endPagesEarly = () => {
    let ended = 0;
    line.ask = (operation, asked) => {
      if (operation !== 'Query') return asked;
      // What is read whole has a budget of four pages.
      const most = asked.Limit === undefined ? 10 : 3;
      return { ...asked, Limit: Math.min(asked.Limit ?? most, most) };
    };
    line.answer = (operation, asked, answered) => {
      if (operation !== 'Query' || !answered.LastEvaluatedKey) return answered;
      ended++;
      const isLater = asked.ExclusiveStartKey && asked.Limit !== undefined && ended % 2;
      return isLater
        ? { ...answered, Items: [], Count: 0, LastEvaluatedKey: asked.ExclusiveStartKey }
        : answered;
    };
    return () => ended;
  };

  let early: Awaited<ReturnType<typeof given>>;
  beforeAll(async () => {
    early = await given('early');
  });

  test.each(forms)('is gone on from, and the answers are the same: %s', async (form) => {
    const query = queryOf(form, early.ids);
    const whole = await pagesOf(early.list, query);
    const ended = endPagesEarly();
    expect(await pagesOf(early.list, query)).toEqual(whole);
    if (form !== '_id=TWELVE') expect(ended()).toBeGreaterThan(0);
  });
});

describe('keys that a batch leaves unprocessed', () => {
  test.each(['_id', 'integration_meta.external_id=ch_1'])('are asked again: %s', async (form) => {
    const { list, ids } = await given(`batch-${form.length}`);
    const query = form === '_id' ? `_id=${ids.join(',')}` : form;
    const whole = await pagesOf(list, query);
    let left = 0;
    line.ask = (operation, asked) => {
      if (operation !== 'BatchGetItem') return asked;
      const [[table, { Keys, ...how }]] = Object.entries<{ Keys: object[] }>(asked.RequestItems) as [
        [string, { Keys: object[] }],
      ];
      left = Math.max(0, Keys.length - 11);
      return { ...asked, RequestItems: { [table]: { Keys: Keys.slice(0, 11), ...how } } };
    };
    line.answer = (operation, asked, answered) => {
      if (operation !== 'BatchGetItem' || left === 0) return answered;
      const [[table, { Keys, ...how }]] = Object.entries<{ Keys: object[] }>(asked.RequestItems) as [
        [string, { Keys: object[] }],
      ];
      return { ...answered, UnprocessedKeys: { [table]: { Keys: Keys.slice(11), ...how } } };
    };
    expect(await pagesOf(list, query)).toEqual(whole);
  });
});

describe('an index that lags behind the table', () => {
  /** Lets the indexes stand still: what is asked of them is asked of a table as this one is now. */
  const freezeIndexes = async () => {
    const TableName = `${service.channels.name}-then`;
    await createTables(new DynamoDBClient({}), { [TableName]: channelsTable });
    const items: object[] = [];
    for await (const item of service.channels.scan()) items.push(item);
    for (const Item of items) await service.channels.transact(() => [{ Put: { TableName, Item } as never }]);
    line.ask = (operation, asked) =>
      operation === 'Query' && asked.IndexName ? { ...asked, TableName } : asked;
  };

  test('gives what it knew, each channel once, and never an error; then, caught up, what is', async () => {
    const { key, list, ids } = await given('lag');
    const queries = forms.map((form) => queryOf(form, ids));
    const known = new Set(ids);
    await freezeIndexes();

    const change = (id: string | undefined, body: object) =>
      service.call(`PUT /client-channel/${id}`, { key, body });
    const [renamed, toggled, moved, deleted] = ids;
    const replies = [
      await change(renamed, { name: 'Wholesale 2' }),
      await change(toggled, { disabled: true }),
      await change(moved, { integration_meta: { external_id: 'elsewhere' } }),
      await service.call(`DELETE /client-channel/${deleted}`, { key }),
      await service.call('POST /client-channel', { key, body: { name: 'Retail' } }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 201]);
    const created: ChannelDocument = replies[4]?.body.data;

    for (const query of queries) {
      const met: string[] = [];
      let place: string | undefined = 'page=1';
      while (place !== undefined) {
        const { status, body } = await list(`${query}&per_page=7&${place}`);
        expect([query, status, body.error]).toEqual([query, 200, undefined]);
        met.push(...body.data.map(({ _id }: Channel) => _id));
        place = body.pagination.next_cursor && `cursor=${body.pagination.next_cursor}`;
      }
      expect([query, met.length]).toEqual([query, new Set(met).size]);
      expect(met.filter((id) => !known.has(id) && id !== created._id)).toEqual([]);
    }
    // Lists in `_id` order and by ids are read from the table.
    expect((await list('per_page=100')).body.data).toContainEqual(created);
    expect((await list(`_id=${deleted}`)).body.data).toEqual([]);
    // What an index names is read from the table too: it may lack a channel, but shows none that does not match.
    const named = (await list('integration_meta.external_id=ch_0&per_page=100')).body;
    const other = (await list('integration_meta.external_id=ch_1&per_page=100')).body;
    expect([named.pagination.total + other.pagination.total, named.data.length + other.data.length]).toEqual([
      28, 28,
    ]);
    for (const { _id } of [...named.data, ...other.data]) expect([moved, deleted]).not.toContain(_id);

    line.straighten();
    expect((await list('name=Retail&sort=-_id&per_page=1')).body.data).toEqual([created]);
    expect((await list('integration_meta.external_id=elsewhere')).body.pagination.total).toBe(1);
    expect((await list('sort=-name&per_page=1')).body.data).toMatchObject([{ _id: renamed }]);
  });
});

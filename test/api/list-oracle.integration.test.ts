import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Channel } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { serializeIntegrationMeta } from '../../lib/channels/integration-meta.ts';
import { type EncodableQuery, type EncodingStyle, encodeQuery } from '../support/encode-query.ts';
import {
  type ExpectedQuery,
  expectedList,
  expectedPage,
  type Field,
  type IdBound,
  type Page,
} from '../support/oracle.ts';
import { channelOf, idAt, seedChannels, seededAt } from '../support/seed.ts';
import type { Reply } from '../support/service.ts';
import { useService } from '../support/use-service.ts';

// Sends random list queries to the service, in random encodings, and compares each response with a plain array.
// ORACLE_QUERIES sets the number of queries. ORACLE_SEED repeats a run: it is the seed that fast-check prints on failure.

const queries = Number(process.env.ORACLE_QUERIES ?? 1_500);
/** This many properties run concurrently, with consecutive seeds. Any of these seeds repeats all of them. */
const concurrency = 20;
const chosenSeed = Number(process.env.ORACLE_SEED ?? Date.now() % 2 ** 31);
const seed = chosenSeed - (chosenSeed % concurrency);

/** In `crowded`, a search for "crowd" finds so many channels that they are not read one by one. */
const namespaces = ['nobody', 'small', 'company1', 'company2', 'crowded'];
/** The number of channels that are seeded, and of those created over HTTP, several in one millisecond. */
const counts = { seeded: 90, created: 30, crowded: 260 };

// --- channels

const texts = fc.oneof(
  fc.constantFrom(
    ...['Retail', 'RETAIL', 'Rétail', 'retail shop', 'Shop retail', ' two  spaces ', 'a,b', '["a"]', '[x]'],
    ...['قناة التجزئة', 'قناه التجزئه', 'قَنَاةُ التَّجْزِئَة', 'قنـــاة', 'أحمد', 'احمد', 'ﷺ', 'ـ', 'مصطفى'],
    ...['null', 'true', 'Straße', 'STRASSE', '100% a+b & c=d', '#?/', '😀 Retail', 'Ωμέγας', 'ﬁne', 'z', 'Z'],
    // Equal in the first 900 bytes, by which they are sorted.
    ...[`${'ﷺ'.repeat(60)} a`, `${'ﷺ'.repeat(60)} b`, `${'ﷺ'.repeat(60)} c`, 'ة'.repeat(256)],
  ),
  fc
    .array(fc.constantFrom('re', 'tail', ' ', 'É', 'e\u0301', 'ق', 'ا', 'أ', 'ـ', 'B', 'b', '2', '😀'), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join(''))
    .filter((text) => text.trim() !== ''),
);

const metas = fc
  .constantFrom(
    ...[
      '{"external_id":"ch_1"}',
      '{"external_id":"5"}',
      '{"external_id":5}',
      '{"external_id":5.0e0,"id":"x"}',
      '{"external_id":9007199254740992}',
      '{"external_id":"9007199254740993"}',
    ],
    ...['{"id":"x"}', '{"id":true}', '{"id":"true"}', '{"id":null}', '{"id":"null"}', '{"id":{"deep":"x"}}'],
    ...['{"a":{"b":"x"}}', '{"a.b":"x"}', '{"a":{"b":{"c":"x"}}}', '{"a":{"b.c":"x"}}', '{"a":[{"b":"x"}]}'],
    ...['{"a":["x"]}', '{"a":{}}', '{"":"x"}', '{"a":{"":"x"}}', '{"__proto__":"x"}', '{"a[b]":"x"}', '{}'],
    ...['{"__proto__":{"b":"x"}}', '{"constructor":"x"}', '{"n":1e21}', '{"n":-0}', '{"قناة":"أ b+c"}'],
  )
  .map((text) => (serializeIntegrationMeta(JSON.parse(text)) as { text: string }).text);

const maybe = <Value>(values: fc.Arbitrary<Value>, rarity = 4) =>
  fc.oneof(
    { weight: rarity, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: values },
  ) as fc.Arbitrary<Value | undefined>;

/** Drops fields that are undefined. */
const compact = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
  };

const memberships = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom('company1', 'company2') },
    { weight: 2, arbitrary: fc.constant('company2 company1') },
    { weight: 1, arbitrary: fc.constantFrom('small', 'company1 small company2') },
  )
  .map((names) => names.split(' '));

const bodies = fc
  .record({
    name: texts,
    local_name: maybe(texts, 1),
    disabled: maybe(fc.boolean(), 1),
    integration_meta: maybe(metas, 1),
    company_namespace: memberships,
  })
  .map(compact);

const storedChannels = fc
  .record({ body: bodies, created: fc.nat(4), ordinal: fc.nat(2 ** 40), updated: fc.nat(6) })
  .map(({ body, created, ordinal, updated }) =>
    channelOf(0, {
      ...body,
      _id: idAt(seededAt + created, ordinal),
      updatedAt: seededAt + updated,
    }),
  );

const crowdedChannels = storedChannels.map((channel) => ({
  ...channel,
  name: `crowd ${channel.name}`,
  company_namespace: ['crowded'],
}));

const service = useService({ namespaces, consumers: ['project-channels'] });
let everything: ChannelDocument[];
let crowd: ChannelDocument[];
/** Cursors of lists by id, each with the bound that it means. */
let cursors: Record<string, { text: string; bound: IdBound }[]>;

const sample = <Value>(values: fc.Arbitrary<Value>, count: number): Value[] =>
  fc.sample(values, { seed, numRuns: count });

const create = async (body: { integration_meta?: string }): Promise<ChannelDocument> => {
  const { integration_meta, ...fields } = body;
  const sent = { ...fields, ...(integration_meta && { integration_meta: JSON.parse(integration_meta) }) };
  return (await service.call('POST /client-channel', { body: sent })).body.data;
};

const ask = (namespace: string, query: string): Promise<Reply> =>
  service.call(`GET /client-channel?${query}`, { headers: { 'x-company-namespace': namespace } });

const channelsOf = (namespace: string) =>
  [...everything, ...crowd].filter(({ company_namespace }) => company_namespace.includes(namespace));

const collectCursors = async (namespace: string) => {
  const found: { text: string; bound: IdBound }[] = [];
  for (const query of [
    'page=2&per_page=7',
    'page=3&per_page=10&sort=-_id',
    'page=2&per_page=3&disabled=false',
  ]) {
    const { data, pagination } = (await ask(namespace, query)).body;
    const lower = query.includes('-_id') ? 'above' : 'below';
    const upper = query.includes('-_id') ? 'below' : 'above';
    const { prev_cursor, next_cursor } = pagination;
    if (prev_cursor) found.push({ text: prev_cursor, bound: { id: data[0]._id, at: lower } });
    if (next_cursor) found.push({ text: next_cursor, bound: { id: data.at(-1)._id, at: upper } });
  }
  return found;
};

beforeAll(async () => {
  const seed = async (channels: typeof storedChannels, count: number) => {
    const distinct = { selector: ({ _id }: Channel) => _id, minLength: count, maxLength: count };
    const [stored = []] = sample(fc.uniqueArray(channels, distinct), 1);
    return seedChannels(service, stored);
  };
  const seeded = await seed(storedChannels, counts.seeded);
  crowd = await seed(crowdedChannels, counts.crowded);
  const created = await Promise.all(sample(bodies, counts.created).map(create));
  const changed = await Promise.all(
    created.slice(0, counts.created / 2).map(async ({ _id, company_namespace, disabled }, index) => {
      const body = index % 2 ? { disabled: !disabled } : { name: 'Renamed retail', local_name: null };
      const headers = { 'x-company-namespace': company_namespace[0] as string };
      return (await service.call(`PUT /client-channel/${_id}`, { headers, body })).body.data;
    }),
  );
  everything = [...seeded, ...changed, ...created.slice(counts.created / 2)];
  cursors = {};
  for (const namespace of namespaces) cursors[namespace] = await collectCursors(namespace);
});

// --- queries

const fields: Field[] = ['_id', 'name', 'local_name', 'disabled', 'createdAt', 'updatedAt'];

const sorts: fc.Arbitrary<ExpectedQuery['sort']> = fc.oneof(
  fc.boolean().map((descending): ExpectedQuery['sort'] => [{ field: '_id', descending }]),
  fc.uniqueArray(fc.record({ field: fc.constantFrom(...fields), descending: fc.boolean() }), {
    selector: ({ field }) => field,
    minLength: 1,
    maxLength: 3,
  }),
);

const styles: fc.Arbitrary<EncodingStyle> = fc.record({
  list: fc.nat(59),
  sort: fc.nat(9 * 5 * 4 - 1),
  meta: fc.nat(14 * 13 * 5 - 1),
  rawBrackets: fc.boolean(),
  plus: fc.boolean(),
  capitals: fc.boolean(),
  absent: fc.oneof(fc.constant(0), fc.nat(2 ** 12 - 1)),
  rotation: fc.nat(11),
});

const perPages = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }));

const conditions = fc.record({
  path: fc.constantFrom(
    ...[['external_id'], ['id'], ['a', 'b'], ['a.b'], ['a', 'b', 'c'], ['a', 'b.c'], [''], ['a', ''], ['n']],
    ...[
      ['__proto__'],
      ['__proto__', 'b'],
      ['constructor'],
      ['toString'],
      ['a'],
      ['a', '0'],
      ['قناة'],
      ['a[b]'],
    ],
    ...[
      ['id', 'deep'],
      ['a', '0', 'b'],
    ],
  ),
  values: fc.uniqueArray(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('x') },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          ...['ch_1', '5', 'true', 'null', '1e+21', '0', 'أ b+c', '[]', 'a,b'],
          ...['9007199254740992', '9007199254740993'],
        ),
      },
    ),
    { maxLength: 4 },
  ),
});

const searches = fc.oneof(
  texts.map((text) => [...text].slice(0, 40).join('')),
  texts.map((text) => [...text].slice(1, 4).join('')),
  fc.constantFrom(
    're ta',
    'TAIL re',
    'التجزيه',
    'قناه',
    'ـ',
    '   ',
    'shop RÉTAIL',
    'nowhere',
    'e',
    'ا',
    'strasse',
  ),
);

interface Reading {
  namespace: string;
  query: EncodableQuery;
  page: number;
  perPage: number;
  style: EncodingStyle;
  /** The pages to read after the first one. Each step uses the cursor of the page before it, in its own style. */
  steps: { back: boolean; perPage: number; style: EncodingStyle }[];
}

/** Readings of a namespace. Most values in queries exist in some channel, because other values rarely find anything. */
const readingsOf = (namespace: string): fc.Arbitrary<Reading> => {
  const known = fc.constantFrom(...(namespace === 'crowded' ? crowd : everything));
  const ids = fc.oneof(
    { weight: 8, arbitrary: known.map(({ _id }) => _id) },
    { weight: 1, arbitrary: fc.constantFrom('0'.repeat(24), 'f'.repeat(24), 'x', '!count#0', 'ة') },
  );
  const idBounds = known.map(({ _id }) => ({ text: _id, bound: { id: _id, at: 'id' } as IdBound }));
  const bounds = cursors[namespace]?.length
    ? fc.oneof(idBounds, fc.constantFrom(...cursors[namespace]))
    : idBounds;
  return fc
    .record({
      ids: maybe(
        fc.oneof(fc.array(ids, { maxLength: 8 }), fc.uniqueArray(ids, { maxLength: 100, size: 'max' })),
      ),
      names: maybe(
        fc.array(
          fc.oneof(
            known.map(({ name }) => name),
            texts,
          ),
          { maxLength: 6 },
        ),
      ),
      localNames: maybe(
        fc.array(
          fc.oneof(
            known.map(({ local_name, name }) => local_name ?? name),
            texts,
          ),
          { maxLength: 8 },
        ),
        8,
      ),
      search: maybe(searches),
      disabled: maybe(fc.boolean()),
      updatedAfter: maybe(
        fc.oneof(
          fc.integer({ min: seededAt - 1, max: seededAt + 7 }),
          known.map(({ updatedAt }) => Date.parse(updatedAt)),
        ),
      ),
      from: maybe(bounds),
      to: maybe(bounds),
      meta: maybe(
        fc.uniqueArray(conditions, { selector: ({ path }) => `${path}`, minLength: 1, maxLength: 2 }),
        6,
      ),
      sort: sorts,
      page: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
      ),
      perPage: perPages,
      style: styles,
      steps: fc.array(fc.record({ back: fc.boolean(), perPage: perPages, style: styles }), {
        maxLength: 4,
      }),
    })
    .map(({ page, perPage, style, steps, from, to, sort, ...filters }) => ({
      namespace,
      query: {
        ...compact(filters),
        ...(from && { from: from.bound, fromText: from.text }),
        ...(to && { to: to.bound, toText: to.text }),
        sort,
      },
      page,
      perPage,
      style,
      steps,
    }));
};

const searchingForCrowd = (reading: Reading): Reading => ({
  ...reading,
  query: { ...reading.query, search: 'crowd' },
});

const anyReading = (): fc.Arbitrary<Reading> =>
  fc.oneof(
    { weight: 1, arbitrary: readingsOf('nobody') },
    { weight: 2, arbitrary: readingsOf('small') },
    { weight: 10, arbitrary: readingsOf('company1') },
    { weight: 10, arbitrary: readingsOf('company2') },
    { weight: 2, arbitrary: readingsOf('crowded').map(searchingForCrowd) },
  );

// --- the comparison

const counters = { queries: 0, requests: 0, nonEmpty: 0, steps: 0 };

const expectPage = (request: string, { status, body }: Reply, page: Page) => {
  const { next_cursor, prev_cursor, ...numbers } = body.pagination ?? {};
  expect({
    request,
    status,
    error: body.error,
    ids: body.data?.map(({ _id }: ChannelDocument) => _id),
    pagination: numbers,
    hasNext: typeof next_cursor === 'string',
    hasPrevious: typeof prev_cursor === 'string',
  }).toEqual({
    request,
    status: 200,
    error: undefined,
    ids: page.data.map(({ _id }) => _id),
    pagination: page.pagination,
    hasNext: page.hasNext,
    hasPrevious: page.hasPrevious,
  });
  // Compared as text too, because `toEqual` ignores the key `__proto__`.
  expect(JSON.stringify(body.data)).toBe(JSON.stringify(page.data));
};

/** Reads a page, goes forwards and backwards from it, and compares each whole page. */
const comparePages = async ({ namespace, query, page, perPage, style, steps }: Reading): Promise<void> => {
  const list = expectedList(channelsOf(namespace), query);
  let from = (page - 1) * perPage;
  let to = from + perPage;
  const readPage = async (more: Record<string, string>, size: number, pageStyle: EncodingStyle) => {
    const text = encodeQuery(query, { ...more, per_page: `${size}` }, pageStyle);
    const reply = await ask(namespace, text);
    expectPage(`${namespace}: ${text}`, reply, expectedPage(list, size, from, to));
    counters.requests++;
    return reply.body;
  };

  let { data, pagination } = await readPage({ page: `${page}` }, perPage, style);
  counters.queries++;
  if (data.length > 0) counters.nonEmpty++;
  for (const step of steps) {
    const { next_cursor, prev_cursor } = pagination;
    const back = prev_cursor !== undefined && (step.back || next_cursor === undefined);
    const cursor = back ? prev_cursor : next_cursor;
    if (cursor === undefined) break;
    [from, to] = back ? [Math.max(0, from - step.perPage), from] : [to, to + step.perPage];
    ({ data, pagination } = await readPage({ cursor }, step.perPage, step.style));
    counters.steps++;
  }
};

describe('a list', () => {
  test('returns what a plain array returns, for any query in any encoding', async () => {
    const assertProperty = async (index: number) => {
      const property = fc.asyncProperty(anyReading(), comparePages);
      await fc.assert(property, { numRuns: Math.ceil(queries / concurrency), seed: seed + index });
    };
    await Promise.all(Array.from({ length: concurrency }, (_, index) => assertProperty(index)));

    expect(counters.queries).toBeGreaterThanOrEqual(queries);
    // Enough lists must be non-empty and longer than a page. Otherwise the test compares little.
    expect(counters.nonEmpty).toBeGreaterThan(queries / 4);
    expect(counters.steps).toBeGreaterThan(queries / 4);
    if (process.env.ORACLE_QUERIES) console.log(counters);
  }, 600_000);
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
import { type Reply, type Service, startService } from '../support/service.ts';

// Asks the service, and a plain array in memory, the same: whatever is asked, in whichever form, the answers are equal.
// ORACLE_QUERIES says how many queries, ORACLE_SEED repeats a run: it is the seed that fast-check prints on failure.

const queries = Number(process.env.ORACLE_QUERIES ?? 5_000);
/** So many properties run at once; each has a seed of its own, and any of these seeds stands for all of them. */
const lanes = 20;
const given = Number(process.env.ORACLE_SEED ?? Date.now() % 2 ** 31);
const seed = given - (given % lanes);

const namespaces = ['nobody', 'small', 'company1', 'company2'];
/** How many channels are planted, and how many created over HTTP, several in one millisecond. */
const counts = { planted: 90, created: 30 };

// --- channels

const texts = fc.oneof(
  fc.constantFrom(
    ...['Retail', 'RETAIL', 'Rétail', 'retail shop', 'Shop retail', ' two  spaces ', 'a,b', '["a"]', '[x]'],
    ...['قناة التجزئة', 'قناه التجزئه', 'قَنَاةُ التَّجْزِئَة', 'قنـــاة', 'أحمد', 'احمد', 'ﷺ', 'ـ', 'مصطفى'],
    ...['null', 'true', 'Straße', 'STRASSE', '100% a+b & c=d', '#?/', '😀 Retail', 'Ωμέγας', 'ﬁne', 'z', 'Z'],
    // Alike in their first 900 bytes, as far as they are sorted.
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

/** Without what is undefined: absent is absent. */
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

let service: Service;
let key: string;
let everything: ChannelDocument[];
/** Cursors of lists by id, with the gap that each stands for. */
let marks: Record<string, { text: string; mark: IdBound }[]>;

const sample = <Value>(values: fc.Arbitrary<Value>, count: number): Value[] =>
  fc.sample(values, { seed, numRuns: count });

const create = async (body: { integration_meta?: string }): Promise<ChannelDocument> => {
  const { integration_meta, ...fields } = body;
  const sent = { ...fields, ...(integration_meta && { integration_meta: JSON.parse(integration_meta) }) };
  return (await service.call('POST /client-channel', { key, body: sent })).body.data;
};

const ask = (namespace: string, query: string): Promise<Reply> =>
  service.call(`GET /client-channel?${query}`, { key, headers: { 'x-company-namespace': namespace } });

const channelsOf = (namespace: string) =>
  everything.filter(({ company_namespace }) => company_namespace.includes(namespace));

const collectMarks = async (namespace: string) => {
  const found: { text: string; mark: IdBound }[] = [];
  for (const query of [
    'page=2&per_page=7',
    'page=3&per_page=10&sort=-_id',
    'page=2&per_page=3&disabled=false',
  ]) {
    const { data, pagination } = (await ask(namespace, query)).body;
    const lower = query.includes('-_id') ? 'above' : 'below';
    const upper = query.includes('-_id') ? 'below' : 'above';
    const { prev_cursor, next_cursor } = pagination;
    if (prev_cursor) found.push({ text: prev_cursor, mark: { id: data[0]._id, at: lower } });
    if (next_cursor) found.push({ text: next_cursor, mark: { id: data.at(-1)._id, at: upper } });
  }
  return found;
};

beforeAll(async () => {
  service = await startService(undefined, ['settle-directory']);
  key = await service.newKey({ namespaces });
  const [stored = []] = sample(
    fc.uniqueArray(storedChannels, {
      selector: ({ _id }) => _id,
      minLength: counts.planted,
      maxLength: counts.planted,
    }),
    1,
  );
  const planted = await seedChannels(service, stored);
  const created = await Promise.all(sample(bodies, counts.created).map(create));
  const changed = await Promise.all(
    created.slice(0, counts.created / 2).map(async ({ _id, company_namespace, disabled }, index) => {
      const body = index % 2 ? { disabled: !disabled } : { name: 'Renamed retail', local_name: null };
      const headers = { 'x-company-namespace': company_namespace[0] as string };
      return (await service.call(`PUT /client-channel/${_id}`, { key, headers, body })).body.data;
    }),
  );
  everything = [...planted, ...changed, ...created.slice(counts.created / 2)];
  marks = {};
  for (const namespace of namespaces) marks[namespace] = await collectMarks(namespace);
});
afterAll(() => service.stop());

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

const dialects: fc.Arbitrary<EncodingStyle> = fc.record({
  list: fc.nat(59),
  sort: fc.nat(9 * 5 * 4 - 1),
  meta: fc.nat(11),
  rawBrackets: fc.boolean(),
  plus: fc.boolean(),
  capitals: fc.boolean(),
  absent: fc.oneof(fc.constant(0), fc.nat(2 ** 13 - 1)),
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
  value: fc.oneof(
    { weight: 3, arbitrary: fc.constant('x') },
    { weight: 2, arbitrary: fc.constantFrom('ch_1', '5', 'true', 'null', '1e+21', '0', 'أ b+c', '', '[]') },
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

interface Query {
  namespace: string;
  wish: EncodableQuery;
  page: number;
  perPage: number;
  dialect: EncodingStyle;
  /** Where to go on from there, each step by the cursor of the page before it, written in another way. */
  steps: { back: boolean; perPage: number; dialect: EncodingStyle }[];
}

/** What can be asked of a namespace; of values that exist there or elsewhere, since others are rarely of interest. */
const queriesOf = (namespace: string): fc.Arbitrary<Query> => {
  const known = fc.constantFrom(...everything);
  const ids = fc.oneof(
    { weight: 8, arbitrary: known.map(({ _id }) => _id) },
    { weight: 1, arbitrary: fc.constantFrom('0'.repeat(24), 'f'.repeat(24), 'x', '!count#0', 'ة') },
  );
  const idMarks = known.map(({ _id }) => ({ text: _id, mark: { id: _id, at: 'id' } as IdBound }));
  const places = marks[namespace]?.length ? fc.oneof(idMarks, fc.constantFrom(...marks[namespace])) : idMarks;
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
      from: maybe(places),
      to: maybe(places),
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
      dialect: dialects,
      steps: fc.array(fc.record({ back: fc.boolean(), perPage: perPages, dialect: dialects }), {
        maxLength: 4,
      }),
    })
    .map(({ page, perPage, dialect, steps, from, to, sort, ...wish }) => ({
      namespace,
      wish: {
        ...compact(wish),
        ...(from && { from: from.mark, fromText: from.text }),
        ...(to && { to: to.mark, toText: to.text }),
        sort,
      },
      page,
      perPage,
      dialect,
      steps,
    }));
};

const anyQuery = (): fc.Arbitrary<Query> =>
  fc.oneof(
    { weight: 1, arbitrary: queriesOf('nobody') },
    { weight: 2, arbitrary: queriesOf('small') },
    { weight: 10, arbitrary: queriesOf('company1') },
    { weight: 10, arbitrary: queriesOf('company2') },
  );

// --- the comparison

const seen = { queries: 0, requests: 0, filled: 0, steps: 0 };

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
  // As text, since `toEqual` passes over a `__proto__`.
  expect(JSON.stringify(body.data)).toBe(JSON.stringify(page.data));
};

/** Asks for a page, goes on from it there and back, and compares each answer whole. */
const compareAnswers = async ({ namespace, wish, page, perPage, dialect, steps }: Query): Promise<void> => {
  const list = expectedList(channelsOf(namespace), wish);
  let from = (page - 1) * perPage;
  let to = from + perPage;
  const answer = async (more: Record<string, string>, size: number, written: EncodingStyle) => {
    const query = encodeQuery(wish, { ...more, per_page: `${size}` }, written);
    const reply = await ask(namespace, query);
    expectPage(`${namespace}: ${query}`, reply, expectedPage(list, size, from, to));
    seen.requests++;
    return reply.body;
  };

  let { data, pagination } = await answer({ page: `${page}` }, perPage, dialect);
  seen.queries++;
  if (data.length > 0) seen.filled++;
  for (const step of steps) {
    const { next_cursor, prev_cursor } = pagination;
    const back = prev_cursor !== undefined && (step.back || next_cursor === undefined);
    const cursor = back ? prev_cursor : next_cursor;
    if (cursor === undefined) break;
    [from, to] = back ? [Math.max(0, from - step.perPage), from] : [to, to + step.perPage];
    ({ data, pagination } = await answer({ cursor }, step.perPage, step.dialect));
    seen.steps++;
  }
};

describe('a list, whatever is asked of it', () => {
  test('is what a plain array answers', async () => {
    const lane = async (ofIts: number) => {
      const property = fc.asyncProperty(anyQuery(), compareAnswers);
      await fc.assert(property, { numRuns: Math.ceil(queries / lanes), seed: seed + ofIts });
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
    expect(seen.queries).toBeGreaterThanOrEqual(queries);
    // Neither all empty nor all on one page: else little would have been compared.
    expect(seen.filled).toBeGreaterThan(queries / 4);
    expect(seen.steps).toBeGreaterThan(queries / 4);
    if (process.env.ORACLE_QUERIES) console.log(seen);
  }, 600_000);
});

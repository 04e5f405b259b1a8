/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelsClient, type UpsertedRow, type UpsertProgress, type UpsertRow } from '../../client/index.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { anId, aTime } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

const proxy = createFaultProxy();
const service = useService({ proxy });

/** The rows of each request that the client sent, and what the service says that the request consumed. */
let sent: UpsertRow[][] = [];
let consumed: string[] = [];
/** Whether the response to a request is lost, after the service has done its work. */
let isLost: (request: number) => boolean = () => false;

const faultyFetch: typeof fetch = async (input, init) => {
  const request = sent.push(JSON.parse(String(init?.body)).channels);
  const response = await fetch(input, init);
  if (isLost(request)) throw new TypeError('the connection was reset');
  consumed.push(response.headers.get('x-consumed-capacity') ?? '');
  return response;
};

let client: ChannelsClient;
/** Reads what is stored. */
let reader: ChannelsClient;
let testNumber = 0;
beforeEach(async () => {
  sent = [];
  consumed = [];
  const key = await service.newKey({ namespaces: [`upsert${++testNumber}`] });
  client = new ChannelsClient({ url: service.url, key, fetch: faultyFetch });
  reader = new ChannelsClient({ url: service.url, key });
});
afterEach(() => {
  isLost = () => false;
  proxy.fault = () => 'none';
});

const meta = (external_id: string, others = {}) => ({ integration_meta: { external_id, ...others } });
const rowsOf = (count: number): UpsertRow[] =>
  Array.from({ length: count }, (_, n) => ({
    name: `Group ${n}`,
    local_name: `قناة ${n}`,
    ...meta(`erp-${n}`),
  }));
const collect = async (results: AsyncIterable<UpsertedRow>) => {
  const collected: UpsertedRow[] = [];
  for await (const result of results) collected.push(result);
  return collected;
};
const storedNames = async () => {
  const names: Record<string, string> = {};
  for await (const { name, integration_meta } of reader.all())
    names[String(integration_meta?.external_id)] = name;
  return names;
};
const costOf = (header: string) => {
  const [calls, rcu, wcu] = [...header.matchAll(/=([\d.]+)/g)].map(([, value]) => Number(value));
  return { calls, rcu, wcu };
};
const none = { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 };

describe('one upsert', () => {
  test('returns a result for each row and how many there are of each, and passes its options on', async () => {
    const options = { match: 'integration_meta.id', where: { 'integration_meta.source': 'sap' } } as const;
    const rows = [{ name: 'Retail', integration_meta: { id: 7 } }, { integration_meta: {} }];
    const channel = {
      name: 'Retail',
      disabled: false,
      integration_meta: { id: 7, source: 'sap' },
      company_namespace: [`upsert${testNumber}`],
    };
    const failed = {
      index: 1,
      result: 'failed',
      code: 'invalid_request',
      error: 'The field "integration_meta.id" is required, because it names the channel.',
      details: [{ path: 'integration_meta.id', message: 'is required, because it names the channel' }],
    };
    const summary = { ...none, created: 1, failed: 1 };

    expect(await client.upsert(rows, { ...options, dryRun: true })).toEqual({
      data: [{ index: 0, result: 'created', channel }, failed],
      summary,
    });
    expect(await storedNames()).toEqual({});
    const stored = { ...channel, _id: anId, createdAt: aTime, updatedAt: aTime, __v: 0 };
    expect(await client.upsert(rows, options)).toEqual({
      data: [{ index: 0, result: 'created', _id: anId, __v: 0, channel: stored }, failed],
      summary,
    });
  });

  test('of more than 100 rows is refused', async () => {
    await expect(client.upsert(rowsOf(101))).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('an upsert of any number of rows', () => {
  test('writes nothing the second time, with at most 1.5 read units per row and 4 calls per 100 rows', async () => {
    const rows = rowsOf(300);
    const created = await collect(client.upsertAll(rows));
    expect(created.map(({ index, row, result }) => ({ index, row, result }))).toEqual(
      rows.map((row, index) => ({ index, row, result: 'created' })),
    );
    consumed = [];

    const unchanged = await collect(client.upsertAll(rows));

    expect(unchanged).toEqual(created.map((row) => ({ ...row, result: 'unchanged' })));
    expect(consumed).toHaveLength(3);
    for (const { calls, rcu, wcu } of consumed.map(costOf)) {
      expect(wcu).toBe(0);
      expect(rcu).toBeLessThanOrEqual(150);
      expect(calls).toBeLessThanOrEqual(4);
    }
  });

  test('reports each row at its place, whatever becomes of it, and the totals as progress', async () => {
    await reader.create({ name: 'Old', ...meta('erp-0') });
    await reader.create({ name: 'Gone', ...meta('gone') });
    await reader.create({ name: 'Twin', ...meta('twin') });
    await reader.create({ name: 'Twin', ...meta('twin') });
    async function* rows() {
      yield* rowsOf(98);
      yield { delete: true, ...meta('gone') };
      yield { name: 'x', ...meta('twin') };
      yield { name: ' ', ...meta('blank') };
      yield null as unknown as UpsertRow;
      yield { name: 'Group 0', ...meta('erp-0') };
    }
    const progress: UpsertProgress[] = [];

    const results = await collect(client.upsertAll(rows(), { onProgress: (each) => progress.push(each) }));

    expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 103 }, (_, index) => index));
    const short = results.map(({ result, code }) => code ?? result);
    expect(short[0]).toBe('updated');
    expect(short.slice(1, 98)).toEqual(Array(97).fill('created'));
    expect(short.slice(98)).toEqual([
      'deleted',
      'ambiguous_match',
      'invalid_request',
      'invalid_request',
      'unchanged',
    ]);
    expect(progress).toEqual([
      { ...none, rows: 100, updated: 1, created: 97, deleted: 1, failed: 1 },
      { ...none, rows: 103, updated: 1, created: 97, deleted: 1, failed: 3, unchanged: 1 },
    ]);
  });

  test('applies a later row with the same key after the earlier one', async () => {
    const rows = ['First', 'Second', 'Third'].map((name) => ({ name, ...meta('same') }));

    const results = await collect(client.upsertAll(rows));

    expect(results.map(({ result, __v }) => [result, __v])).toEqual([
      ['created', 0],
      ['updated', 1],
      ['updated', 2],
    ]);
    expect(await storedNames()).toEqual({ same: 'Third' });
  });

  test('keeps each request within the limit of 2 MiB, and a row that exceeds it alone fails alone', async () => {
    const text = 'x'.repeat(60 * 1024);
    const rows = Array.from({ length: 40 }, (_, n) => ({ name: `n${n}`, ...meta(`big-${n}`, { text }) }));
    const tooLarge = { name: 'x'.repeat(2 * 1024 * 1024), ...meta('too-large') };

    const results = await collect(client.upsertAll([...rows, tooLarge, { name: 'Last', ...meta('last') }]));

    expect(results.map(({ result }) => result)).toEqual([...Array(40).fill('created'), 'failed', 'created']);
    expect(results[40]).toEqual({
      index: 40,
      row: tooLarge,
      result: 'failed',
      code: 'payload_too_large',
      error: 'The body must be at most 2048 KiB.',
    });
    expect(sent.map(({ length }) => length)).toEqual([34, 6, 1, 1]);
  });
});

describe('an upsert that the service could not do at once', () => {
  test('is done for the rows that are sent again, after the table throttled them or other writers were ahead', async () => {
    proxy.fault = (operation, { body }) => {
      if (operation !== 'TransactWriteItems' || sent.length > 1) return 'none';
      const written = JSON.stringify(body);
      if (written.includes('"Group 1"')) return 'throttle';
      return written.includes('"Group 3"') ? 'conflict' : 'none';
    };
    const rows = rowsOf(5);

    const results = await collect(client.upsertAll(rows));

    expect(sent).toEqual([rows, [rows[1], rows[3]]]);
    expect(results.map(({ index, result }) => [index, result])).toEqual(
      rows.map((_, index) => [index, 'created']),
    );
    expect(Object.keys(await storedNames()).sort()).toEqual(['erp-0', 'erp-1', 'erp-2', 'erp-3', 'erp-4']);
  });

  test('is repeated if the response is lost, and makes one channel for each row', async () => {
    isLost = (request) => request === 1;
    const rows = rowsOf(20);

    const results = await collect(client.upsertAll(rows));

    expect(sent).toEqual([rows, rows]);
    expect(results.map(({ result, __v }) => [result, __v])).toEqual(rows.map(() => ['unchanged', 0]));
    expect((await reader.list()).pagination.total).toBe(20);
  });
});

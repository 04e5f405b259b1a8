import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ChannelsClient, type UpsertedRow, type UpsertRow, type UpsertSummary } from '../../client/index.ts';

// The pauses between attempts take up to a minute. So this file has a clock of its own, and no service: its answers are
// those of the contract. Rows that a real service throttles are sent again in upsert-all.integration.test.ts.

const keyOf = (row: UpsertRow) => String(row.integration_meta.external_id);
const rowsOf = (...keys: string[]): UpsertRow[] =>
  keys.map((external_id) => ({ integration_meta: { external_id } }));

/** The keys of the rows of each request. */
let sent: string[][] = [];
/** The code with which a row fails. A row without a code is created. */
let codeOf: (key: string, request: number) => string | undefined = () => undefined;
let summary: Partial<UpsertSummary> = {};
let replaceResponse: (request: number) => Response | undefined = () => undefined;

const respond: typeof fetch = async (_, init) => {
  const channels: UpsertRow[] = JSON.parse(String(init?.body)).channels;
  const request = sent.push(channels.map(keyOf));
  const data = channels.map((row, index) => {
    const code = codeOf(keyOf(row), request);
    return code === undefined ? { index, result: 'created' } : { index, result: 'failed', code };
  });
  return replaceResponse(request) ?? Response.json({ success: true, data, summary });
};
const client = new ChannelsClient({ url: 'http://localhost', key: '', fetch: respond });

beforeEach(() => {
  sent = [];
  codeOf = () => undefined;
  summary = {};
  replaceResponse = () => undefined;
  jest.useFakeTimers();
  // Without the random part, the pauses have their shortest length.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const collect = async (results: AsyncIterable<UpsertedRow>) => {
  const collected: UpsertedRow[] = [];
  for await (const result of results) collected.push(result);
  return collected;
};
/** Lets all pauses pass. @returns the results, and the seconds that the pauses took */
const runAll = async (rows: UpsertRow[]) => {
  const start = Date.now();
  const running = collect(client.upsertAll(rows));
  running.catch(() => {});
  await jest.runAllTimersAsync();
  return { results: await running, seconds: (Date.now() - start) / 1_000 };
};

describe('rows that failed for a moment only', () => {
  test('are sent again without the others, and every result stays at the place of its row', async () => {
    const rows = rowsOf('a', 'b', 'c', 'd', 'e');
    const codes: Record<string, string> = { a: 'conflict', c: 'too_many_requests', e: 'unavailable' };
    codeOf = (key, request) =>
      request === 1 ? codes[key] : key === 'c' && request === 2 ? codes.c : undefined;

    const { results, seconds } = await runAll(rows);

    expect(sent).toEqual([['a', 'b', 'c', 'd', 'e'], ['a', 'c', 'e'], ['c']]);
    expect(results).toEqual(rows.map((row, index) => ({ index, row, result: 'created' })));
    expect(seconds).toBe(1 + 2);
  });

  test('keep their failure after five attempts, and the next batch follows', async () => {
    codeOf = (key) => (key === 'b' ? 'conflict' : undefined);

    const { results, seconds } = await runAll(rowsOf('a', 'b', 'a'));

    expect(sent).toEqual([['a', 'b'], ['b'], ['b'], ['b'], ['b'], ['a']]);
    expect(results.map(({ index, result, code }) => [index, result, code])).toEqual([
      [0, 'created', undefined],
      [1, 'failed', 'conflict'],
      [2, 'created', undefined],
    ]);
    expect(seconds).toBe(1 + 2 + 4 + 8);
  });

  test('wait no longer once the signal aborts', async () => {
    codeOf = () => 'conflict';
    const controller = new AbortController();
    const running = collect(client.upsertAll(rowsOf('a'), { signal: controller.signal }));
    const rejected = expect(running).rejects.toThrow('enough');
    await jest.advanceTimersByTimeAsync(500);

    controller.abort(new Error('enough'));

    await rejected;
    expect(sent).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

test.each([
  'invalid_request',
  'forbidden',
  'ambiguous_match',
  'duplicate_in_request',
  'outside_where',
])('a row that failed with %s is not sent again', async (code) => {
  codeOf = (key) => (key === 'a' ? code : undefined);

  const { results } = await runAll(rowsOf('a', 'b'));

  expect(sent).toEqual([['a', 'b']]);
  expect(results.map(({ result }) => result)).toEqual(['failed', 'created']);
});

describe('a row that cannot be written as JSON', () => {
  const big = { integration_meta: { external_id: 9007199254740993n } };
  const cyclic: UpsertRow = { integration_meta: { external_id: 'cyclic' } };
  cyclic.integration_meta.self = cyclic;
  const hostile = { integration_meta: { external_id: 'x', toJSON: () => JSON.parse('{') } };
  const failureOf = (reason: unknown) => ({
    result: 'failed',
    code: 'invalid_request',
    error: expect.stringMatching(`^The row cannot be written as JSON: ${reason}\\.$`),
  });
  const bigFailure = failureOf('Do not know how to serialize a BigInt: send it as a string');

  test('fails alone, and the rows around it are done', async () => {
    const [first, last] = rowsOf('a', 'b') as [UpsertRow, UpsertRow];
    const rows = [first, big, cyclic, hostile, last];
    codeOf = (key, request) => (key === 'b' && request === 1 ? 'conflict' : undefined);

    const { results } = await runAll(rows);

    expect(sent).toEqual([['a', 'b'], ['b']]);
    expect(results).toEqual([
      { index: 0, row: first, result: 'created' },
      { index: 1, row: big, ...bigFailure },
      { index: 2, row: cyclic, ...failureOf('Converting circular structure to JSON') },
      { index: 3, row: hostile, ...failureOf('.+') },
      { index: 4, row: last, result: 'created' },
    ]);
  });

  test('is counted as failed, and no request is sent if there is no other row', async () => {
    expect(await client.upsert([big])).toEqual({
      data: [{ index: 0, ...bigFailure }],
      summary: { created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 1 },
    });
    expect(sent).toEqual([]);

    summary = { created: 1, updated: 0, unchanged: 0, deleted: 0, failed: 2 };
    expect((await client.upsert([big, ...rowsOf('a', 'b', 'c')])).summary).toEqual({ ...summary, failed: 3 });
  });
});

describe('a request', () => {
  test.each([429, 502, 503, 504])('is sent again after a %i', async (status) => {
    replaceResponse = (request) => (request < 3 ? new Response('{}', { status }) : undefined);
    expect((await runAll(rowsOf('a'))).results).toHaveLength(1);
    expect(sent).toEqual([['a'], ['a'], ['a']]);
  });

  test('is sent again for about half a minute, so that an outage of some seconds ends nothing', async () => {
    const start = Date.now();
    replaceResponse = () => (Date.now() - start < 20_000 ? new Response('{}', { status: 503 }) : undefined);
    codeOf = (key) => (key === 'b' && Date.now() - start < 22_000 ? 'conflict' : undefined);

    const { results } = await runAll(rowsOf('a', 'b'));

    expect(results.map(({ result }) => result)).toEqual(['created', 'created']);
  });

  test('ends the iteration with its error after 15 requests, and later rows are not sent', async () => {
    replaceResponse = (request) => (request === 1 ? undefined : new Response('{}', { status: 503 }));
    const results: UpsertedRow[] = [];
    const running = (async () => {
      for await (const result of client.upsertAll(rowsOf('a', 'a', 'a'))) results.push(result);
    })();
    const rejected = expect(running).rejects.toMatchObject({ name: 'ChannelsError', status: 503 });
    await jest.runAllTimersAsync();

    await rejected;
    expect(results.map(({ index }) => index)).toEqual([0]);
    expect(sent).toHaveLength(1 + 5 * 3);
  });

  test.each([
    ['without a response', { name: 'NoResponseError' }],
    ['that is throttled', { name: 'ChannelsError', status: 429 }],
  ])('%s is tried for 25 to 50 seconds', async (kind, error) => {
    const fetch: typeof respond = async () => {
      if (kind === 'without a response') throw new TypeError('fetch failed');
      return new Response('{}', { status: 429 });
    };
    const unreachable = new ChannelsClient({ url: 'http://localhost', key: '', fetch });
    const start = Date.now();
    const rejected = expect(collect(unreachable.upsertAll(rowsOf('a')))).rejects.toMatchObject(error);

    await jest.runAllTimersAsync();

    await rejected;
    expect(Date.now() - start).toBe(25_000);
  });

  test('of several rows ends the iteration if it is too large, because no row can be blamed', async () => {
    replaceResponse = () => new Response('{"message":"too large"}', { status: 413 });
    await expect(collect(client.upsertAll(rowsOf('a', 'b')))).rejects.toMatchObject({ status: 413 });
  });

  test('is not sent again, without a pause, if the signal aborts while it runs', async () => {
    const controller = new AbortController();
    replaceResponse = () => {
      controller.abort(new Error('enough'));
      return new Response('{}', { status: 429 });
    };
    const running = collect(client.upsertAll(rowsOf('a'), { signal: controller.signal }));
    const rejected = expect(running).rejects.toThrow('enough');
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(0);
    await rejected;
  });

  test('ends the iteration at once if the key is refused', async () => {
    replaceResponse = () => Response.json({ code: 'unauthenticated', error: 'no' }, { status: 401 });
    await expect(collect(client.upsertAll(rowsOf('a')))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(sent).toHaveLength(1);
  });
});

test('progress is reported after each batch, and a caller who stops reading sends no further batch', async () => {
  codeOf = (key) => (key === 'b' ? 'forbidden' : undefined);
  const progress: unknown[] = [];
  const onProgress = (each: unknown) => progress.push(each);
  const none = { updated: 0, unchanged: 0, deleted: 0 };

  await collect(client.upsertAll(rowsOf('a', 'b', 'a'), { onProgress }));
  expect(progress).toEqual([
    { rows: 2, created: 1, failed: 1, ...none },
    { rows: 3, created: 2, failed: 1, ...none },
  ]);

  sent = [];
  for await (const _ of client.upsertAll(rowsOf('a', 'b', 'a'))) break;
  expect(sent).toEqual([['a', 'b']]);
});

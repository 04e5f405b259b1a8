import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChangesPage, ChannelsClient } from '../../client/index.ts';
import { ChangeFeedModel } from './change-feed-model.ts';
import { ChannelCopy } from './channel-copy.ts';

// A real cursor expires after 90 days, or when an operator repairs the changes. So this file has a model of the service.
// The client reads the changes of a real one in channels-client.integration.test.ts.

let feed: ChangeFeedModel;
let client: ChannelsClient;
let sent: { url: URL; signal: AbortSignal | null | undefined }[];
/** Replaces the response to a request, by its number. */
let replaceResponse: (request: number) => Response | undefined;
beforeEach(() => {
  feed = new ChangeFeedModel();
  sent = [];
  replaceResponse = () => undefined;
  const send: typeof fetch = async (input, init) => {
    sent.push({ url: new URL(String(input)), signal: init?.signal });
    init?.signal?.throwIfAborted();
    // Ends a client that asks for ever.
    if (sent.length > 1_000) return new Response('{}', { status: 400 });
    return replaceResponse(sent.length) ?? feed.fetch(input, init);
  };
  client = new ChannelsClient({ url: 'http://localhost', key: '', fetch: send });
});

/** What a page is about, in short: `a` is an upsert, `-a` a deletion. */
const idsOf = ({ changes }: ChangesPage) =>
  changes.map((change) => (change.type === 'upsert' ? change.channel._id : `-${change._id}`));
const summaryOf = (pages: ChangesPage[]) => {
  const readings = [...new Set(pages.map(({ reading }) => reading))];
  return pages.map((page) => ({
    ids: idsOf(page),
    reading: readings.indexOf(page.reading),
    completesReading: page.completesReading,
  }));
};
const writeAll = (...ids: string[]) => {
  for (const id of ids) feed.write(id);
};

describe('the changes', () => {
  test('are every channel at first, and only what has changed since when the caller comes back', async () => {
    writeAll('a', 'b', 'c');
    feed.pageSize = 2;
    const copy = new ChannelCopy(client);

    const first = await copy.follow();
    const idle = await copy.follow();
    feed.write('b');
    feed.delete('c');
    const second = await copy.follow();

    expect(summaryOf([...first, ...idle, ...second])).toEqual([
      { ids: ['a', 'b'], reading: 0, completesReading: false },
      { ids: ['c'], reading: 0, completesReading: true },
      { ids: [], reading: 0, completesReading: false },
      { ids: ['b', '-c'], reading: 0, completesReading: false },
    ]);
    expect(copy.versions).toEqual(feed.versions);
  });

  test('are rows as the service gives them', async () => {
    feed.write('a');
    feed.write('b');
    const copy = new ChannelCopy(client);
    await copy.follow();
    feed.write('a');
    feed.delete('b');

    const [page] = await copy.follow();

    const time = '2026-11-28T10:00:00.000Z';
    const channel = { _id: 'a', name: 'a', disabled: false, company_namespace: ['a'], __v: 3 };
    expect(page?.changes).toEqual([
      { type: 'upsert', channel: { ...channel, createdAt: time, updatedAt: time }, changed_at: time },
      { type: 'delete', _id: 'b', changed_at: time },
    ]);
  });

  test('are asked for with the options, page by page, and a page only when the caller wants it', async () => {
    writeAll('a', 'b');
    feed.pageSize = 1;
    const { signal } = new AbortController();
    const queries = () => sent.map(({ url }) => Object.fromEntries(url.searchParams));

    const pages = client.changes({ excludeSelf: true, perPage: 7, signal });
    expect(sent).toEqual([]);
    const { value: page } = await pages.next();
    const options = { exclude_self: 'true', per_page: '7' };
    expect(queries()).toEqual([options]);
    await pages.next();

    const { cursor } = JSON.parse((page as ChangesPage).position);
    expect(queries()).toEqual([options, { ...options, cursor }]);
    expect(sent.map(({ url }) => url.pathname)).toEqual(Array(2).fill('/client-channel/changes'));
    expect(sent.map((request) => request.signal)).toEqual([signal, signal]);
  });

  test.each([undefined, null, ''])('start from the beginning if the position is %j', async (position) => {
    feed.write('a');
    const { value } = await client.changes({ position }).next();
    expect((value as ChangesPage).completesReading).toBe(true);
    expect(sent[0]?.url.search).toBe('');
  });

  test.each([
    'abc',
    '{}',
    'null',
    '{"reading":"r","isComplete":true}',
    '{"isComplete":true,"cursor":"c"}',
    '{"reading":"r","cursor":"c"}',
  ])('are refused with the position %s, which is not one of the client, and nothing is sent', async (position) => {
    await expect(client.changes({ position }).next()).rejects.toThrow(
      'The position is not one that `changes` has returned. Without one, it starts from the beginning.',
    );
    expect(sent).toEqual([]);
  });
});

describe('a cursor that has expired begins a new reading', () => {
  beforeEach(() => {
    feed.pageSize = 2;
    writeAll('a', 'b', 'c', 'd');
  });
  /** While nobody reads, one channel goes and one comes, and the service forgets the changes. */
  const changeAndExpire = () => {
    feed.delete('a');
    feed.write('e');
    feed.expireCursors();
  };

  test('when the caller comes back, and drops the channels that were deleted meanwhile', async () => {
    const copy = new ChannelCopy(client);
    const first = await copy.follow();
    changeAndExpire();

    const second = await copy.follow();

    expect(summaryOf([...first, ...second])).toEqual([
      { ids: ['a', 'b'], reading: 0, completesReading: false },
      { ids: ['c', 'd'], reading: 0, completesReading: true },
      { ids: ['b', 'c'], reading: 1, completesReading: false },
      { ids: ['d', 'e'], reading: 1, completesReading: true },
    ]);
    expect(copy.versions).toEqual(feed.versions);
  });

  test('in the middle of a reading, and drops the channels that only the first part of it brought', async () => {
    const copy = new ChannelCopy(client);
    const pages: ChangesPage[] = [];
    for await (const page of client.changes()) {
      copy.apply(page);
      pages.push(page);
      if (pages.length === 1) changeAndExpire();
    }

    expect(summaryOf(pages)).toEqual([
      { ids: ['a', 'b'], reading: 0, completesReading: false },
      { ids: ['b', 'c'], reading: 1, completesReading: false },
      { ids: ['d', 'e'], reading: 1, completesReading: true },
    ]);
    expect(copy.versions).toEqual(feed.versions);
  });

  test('among later changes, and drops what the complete reading had brought', async () => {
    const copy = new ChannelCopy(client);
    await copy.follow();
    writeAll('b', 'c', 'd');
    const pages: ChangesPage[] = [];
    for await (const page of client.changes({ position: copy.position })) {
      copy.apply(page);
      pages.push(page);
      if (pages.length === 1) changeAndExpire();
    }

    expect(summaryOf(pages)).toEqual([
      { ids: ['b', 'c'], reading: 0, completesReading: false },
      { ids: ['b', 'c'], reading: 1, completesReading: false },
      { ids: ['d', 'e'], reading: 1, completesReading: true },
    ]);
    expect(copy.versions).toEqual(feed.versions);
  });

  test('but a 410 without a cursor ends the iteration, because a new beginning would not help', async () => {
    replaceResponse = () => Response.json({ code: 'cursor_expired', error: 'Too old.' }, { status: 410 });
    await expect(new ChannelCopy(client).follow()).rejects.toMatchObject({
      status: 410,
      code: 'cursor_expired',
    });
    expect(sent).toHaveLength(1);
  });

  test.each([
    [400, 'invalid_cursor'],
    [410, undefined],
    [401, 'unauthenticated'],
  ])('but a %i with the code %s ends the iteration, and no channel is dropped', async (status, code) => {
    const copy = new ChannelCopy(client);
    await copy.follow();
    replaceResponse = () => Response.json({ code, error: 'No.' }, { status });
    await expect(copy.follow()).rejects.toMatchObject({ status, code });
    expect(copy.versions).toEqual(feed.versions);
    expect(sent).toHaveLength(3);
  });
});

describe('a page', () => {
  const withoutPauses = async (running: Promise<unknown>) => {
    running.catch(() => {});
    await jest.runAllTimersAsync();
    return running;
  };
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test.each([429, 502, 503, 504])('is asked for again after a %i, with the same cursor', async (status) => {
    writeAll('a', 'b');
    feed.pageSize = 1;
    replaceResponse = (request) => (request % 2 === 0 ? new Response('{}', { status }) : undefined);
    const copy = new ChannelCopy(client);

    await withoutPauses(copy.follow());

    expect(copy.versions).toEqual(feed.versions);
    expect(sent.map(({ url }) => url.search)).toEqual(['', sent[1]?.url.search, sent[1]?.url.search]);
  });

  test('that does not come ends the iteration, and the last position goes on from there', async () => {
    writeAll('a', 'b');
    feed.pageSize = 1;
    replaceResponse = (request) => (request > 1 ? new Response('{}', { status: 503 }) : undefined);
    const copy = new ChannelCopy(client);

    await expect(withoutPauses(copy.follow())).rejects.toMatchObject({ status: 503 });
    expect(sent).toHaveLength(1 + 3);
    replaceResponse = () => undefined;

    expect(summaryOf(await copy.follow())).toEqual([{ ids: ['b'], reading: 0, completesReading: true }]);
    expect(copy.versions).toEqual(feed.versions);
  });
});

test('a signal ends the iteration with its reason', async () => {
  writeAll('a', 'b');
  feed.pageSize = 1;
  const controller = new AbortController();
  const pages = client.changes({ signal: controller.signal });
  await pages.next();
  const reason = new Error('enough');

  controller.abort(reason);

  await expect(pages.next()).rejects.toBe(reason);
  expect(sent).toHaveLength(2);
});

/** A reader that may stop after any page, before or after it has stored what the page brought. */
class StoppingReader {
  readonly copy = new ChannelCopy(client);
  #pages: AsyncGenerator<ChangesPage> | undefined;

  async takePage(end: PageEnd): Promise<void> {
    this.#pages ??= client.changes({ position: this.copy.position });
    const { value: page } = await this.#pages.next();
    if (!page) return this.#stop();
    if (end === 'stops after some rows')
      this.copy.apply({ ...page, changes: page.changes.slice(0, 1), completesReading: false });
    else this.copy.apply(page);
    if (end === 'goes on' || end === 'stops') this.copy.position = page.position;
    if (end !== 'goes on') this.#stop();
  }

  async takeRest(): Promise<void> {
    this.#stop();
    await this.copy.follow();
  }

  #stop() {
    this.#pages = undefined;
  }
}

const pageEnds = [
  'goes on',
  'stops',
  'stops before it stores the position',
  'stops after some rows',
] as const;
type PageEnd = (typeof pageEnds)[number];

interface Step {
  act: 'write' | 'delete' | 'expire' | 'take page' | 'take rest';
  id: string;
  pageSize: number;
  end: PageEnd;
}
const steps = fc.array(
  fc.record<Step>({
    act: fc.oneof(
      { weight: 4, arbitrary: fc.constant('write' as const) },
      { weight: 3, arbitrary: fc.constant('delete' as const) },
      { weight: 1, arbitrary: fc.constant('expire' as const) },
      { weight: 8, arbitrary: fc.constant('take page' as const) },
      { weight: 1, arbitrary: fc.constant('take rest' as const) },
    ),
    // So few that the same channel is written, read and deleted in every order.
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    pageSize: fc.integer({ min: 0, max: 3 }),
    end: fc.constantFrom(...pageEnds),
  }),
  { minLength: 10, maxLength: 60 },
);

test('the copy equals the namespace at every end, and never loses a channel that nobody touches, wherever the reader stops and whenever cursors expire', async () => {
  const runSchedule = async (schedule: Step[]) => {
    sent = [];
    feed = new ChangeFeedModel();
    feed.write('untouched');
    const reader = new StoppingReader();
    const takeRest = async () => {
      feed.pageSize = 100;
      await reader.takeRest();
      expect(reader.copy.versions).toEqual(feed.versions);
    };
    const acts: Record<Step['act'], (step: Step) => void | Promise<void>> = {
      write: ({ id }) => feed.write(id),
      delete: ({ id }) => feed.delete(id),
      expire: () => feed.expireCursors(),
      'take page': ({ pageSize, end }) => {
        feed.pageSize = pageSize;
        return reader.takePage(end);
      },
      'take rest': takeRest,
    };
    await takeRest();
    for (const step of schedule) {
      await acts[step.act](step);
      expect(reader.copy.versions.get('untouched')).toBe(1);
    }
    await takeRest();
  };
  await fc.assert(fc.asyncProperty(steps, runSchedule), { numRuns: 500 });
});

test('a reading is completed on one page, however often the reader comes back', async () => {
  writeAll('a', 'b', 'c');
  feed.pageSize = 1;
  const completesReading: boolean[] = [];
  let position: string | undefined;
  for (let stop = 0; stop < 5; stop++)
    for await (const page of client.changes({ position })) {
      completesReading.push(page.completesReading);
      position = page.position;
      break;
    }
  expect(completesReading).toEqual([false, false, true, false, false]);
});

import { beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelsClient, type ClientOptions } from '../../client/index.ts';

let requests = 0;
const fetch = async () => {
  requests++;
  return Response.json({ success: true, data: [], pagination: {} });
};
const client = new ChannelsClient({ url: 'http://localhost', key: 'k', fetch });
beforeEach(() => {
  requests = 0;
});

/** Programs in JavaScript have no types that would refuse these options. */
const any = (value: unknown) => value as never;
const row = { name: 'x', integration_meta: { external_id: 'a' } };
const methods: [name: string, call: (options: never) => unknown, hint: string][] = [
  ['list', (options) => client.list({}, options), 'known: signal, requestId'],
  ['all', (options) => client.all({}, options).next(), 'known: signal, requestId'],
  ['create', (options) => client.create(row, options), 'known: idempotencyKey, signal, requestId'],
  ['get', (options) => client.get('a', options), 'known: known, signal, requestId'],
  ['update', (options) => client.update('a', {}, options), 'known: ifMatch, signal, requestId'],
  ['delete', (options) => client.delete('a', options), 'known: ifMatch, signal, requestId'],
  [
    'upsert',
    (options) => client.upsert([row], options),
    'known: sendOnce, match, dryRun, where, signal, requestId',
  ],
  [
    'upsertAll',
    (options) => client.upsertAll([row], options),
    'known: onProgress, match, dryRun, where, signal, requestId',
  ],
  [
    'changes',
    (options) => client.changes(options),
    'known: position, excludeSelf, perPage, signal, requestId',
  ],
  ['me', (options) => client.me(options), 'known: signal, requestId'],
];

describe('an option that a method does not have', () => {
  test.each(methods)('is refused by %s, and nothing is sent', async (name, call, hint) => {
    const run = async () => call(any({ wait: true }));
    await expect(run()).rejects.toThrow(new TypeError(`"wait" is not an option of ${name} (${hint}).`));
    expect(requests).toBe(0);
  });

  test.each([
    ['dry_run', 'dryRun'],
    ['Where', 'where'],
    ['request-id', 'requestId'],
  ])('is named together with the one that is spelt alike: %s', async (wrong, meant) => {
    await expect(client.upsert([row], any({ [wrong]: true }))).rejects.toThrow(
      new TypeError(`"${wrong}" is not an option of upsert (did you mean "${meant}"?).`),
    );
    expect(requests).toBe(0);
  });

  test('is refused by upsertAll and changes before anybody reads the results', () => {
    expect(() => client.upsertAll([row], any({ dry_run: true }))).toThrow('did you mean "dryRun"?');
    expect(() => client.changes(any({ exclude_self: true }))).toThrow('did you mean "excludeSelf"?');
  });
});

test.each([any(null), any('dryRun')])('options that are no object are refused: %p', async (options) => {
  await expect(client.upsert([row], options)).rejects.toThrow('The options of upsert must be an object.');
});

test.each<[options: unknown, message: string]>([
  [{ key: 'k' }, 'ChannelsClient needs the option "url", a string.'],
  [{ url: 'http://localhost', key: undefined }, 'ChannelsClient needs the option "key", a string.'],
  [undefined, 'The options of ChannelsClient must be an object.'],
  [
    { url: 'http://localhost', key: 'k', apiKey: 'k' },
    '"apiKey" is not an option of ChannelsClient (known: url, key, namespace, fetch).',
  ],
])('a client cannot be made with %p', (options, message) => {
  expect(() => new ChannelsClient(options as ClientOptions)).toThrow(new TypeError(message));
});

test.each([{ channels: [row] }, 'rows', null, 5])('rows that are %p are refused', async (rows) => {
  await expect(client.upsert(any(rows))).rejects.toThrow(
    new TypeError('The rows of upsert must be an array.'),
  );
  expect(() => client.upsertAll(any(rows))).toThrow(
    new TypeError('The rows of upsertAll must be an iterable, such as an array or an async generator.'),
  );
  expect(requests).toBe(0);
});

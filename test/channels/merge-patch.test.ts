import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import { mergeIntoMeta, mergeJson } from '../../lib/channels/merge-patch.ts';
import { catchApiError } from '../support/catch-api-error.ts';

describe('mergeJson', () => {
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('gives the results of RFC 7396, appendix A: %s with %s gives %s', (target, patch, result) => {
    expect(JSON.stringify(mergeJson(JSON.parse(target), JSON.parse(patch)))).toBe(result);
  });

  test.each([
    ['{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}', '{"__proto__":{"a":1,"b":2}}'],
    ['{}', '{"__proto__":{"b":2}}', '{"__proto__":{"b":2}}'],
    ['{}', '{"constructor":{"a":null},"":{"a.b":1}}', '{"constructor":{},"":{"a.b":1}}'],
    ['{"a":{"b":1}}', '{"a":[null,{"b":null}]}', '{"a":[null,{"b":null}]}'],
  ])('takes every key literally, and keeps null in arrays: %s with %s gives %s', (target, patch, result) => {
    expect(JSON.stringify(mergeJson(JSON.parse(target), JSON.parse(patch)))).toBe(result);
  });
});

describe('mergeIntoMeta', () => {
  const channelWith = (meta?: object) =>
    ({ ...(meta && { integration_meta: JSON.stringify(meta) }) }) as Channel;
  const filled = (length: number) => 'x'.repeat(length);

  test('merges into the stored object, sorts the keys, and keeps the other fields of the patch', () => {
    const change = mergeIntoMeta({ name: 'New' }, { b: 1, a: { c: null } });

    expect(change(channelWith({ z: 0, a: { c: 1, d: 2 } }))).toEqual({
      name: 'New',
      integration_meta: '{"a":{"d":2},"b":1,"z":0}',
    });
  });

  test.each([
    [{ a: 1 }, '{"a":1}'],
    [{ a: null }, '{}'],
    [{}, '{}'],
  ])('starts from an empty object if there is none: %j', (meta, integration_meta) => {
    expect(mergeIntoMeta({}, meta)(channelWith())).toEqual({ integration_meta });
  });

  test('limits the merged object, not the patch, to 64 KiB', () => {
    const removing = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key${index}`, null]));

    expect(
      mergeIntoMeta({}, { a: null, b: filled(40_000), ...removing })(channelWith({ a: filled(40_000) })),
    ).toEqual({
      integration_meta: JSON.stringify({ b: filled(40_000) }),
    });
    const { code, details } = catchApiError(() =>
      mergeIntoMeta({}, { b: filled(40_000) })(channelWith({ a: filled(40_000) })),
    );
    expect([code, details]).toEqual([
      'invalid_request',
      [{ path: 'integration_meta', message: 'is larger than 64 KiB after the merge' }],
    ]);
  });
});

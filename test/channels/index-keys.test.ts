import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { indexKeys, metaKey, metaKeys, nameKey, statusKey } from '../../lib/channels/index-keys.ts';
import { compareFolded, foldText } from '../../lib/text/fold.ts';
import { channelOf } from '../support/seed.ts';

const id = '63c3d5a8007b000000000001';
const higher = '63c3d5a8007b000000000002';
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

describe('the index keys of a channel', () => {
  test('consist of the folded name with the id, the status with the id, and the hashes of the external ids', () => {
    const integration_meta = '{"external_id":"ch_123","id":5}';
    expect(indexKeys(channelOf(1, { _id: id, name: 'Rétail  SHOP', integration_meta }))).toEqual({
      nameKey: `retail shop\u0000${id}`,
      statusKey: `active#${id}`,
      externalIdKey: sha256('ch_123'),
      metaIdKey: sha256('5'),
    });
  });

  test('contain no key for external ids that the channel does not have', () => {
    expect(indexKeys(channelOf(1, { _id: id, name: 'a', disabled: true }))).toEqual({
      nameKey: `a\u0000${id}`,
      statusKey: `disabled#${id}`,
    });
  });
});

describe('the key by name', () => {
  const texts = ['a', 'a b', 'ab', 'a!', 'ا', '😀', '\uFFFD', 'Z', 'ﷺ'.repeat(100)];

  test('sorts by the bytes of the folded text, then by id', () => {
    const sorted = texts
      .flatMap((text) => [id, higher].map((each) => ({ folded: foldText(text), id: each })))
      .sort((a, b) => compareFolded(a.folded, b.folded) || (a.id < b.id ? -1 : 1));
    const bytesOf = ({ folded, id }: { folded: string; id: string }) =>
      Buffer.from(indexKeys(channelOf(1, { _id: id, name: folded })).nameKey);
    expect([...sorted].sort((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)))).toEqual(sorted);
  });

  test('is at most 1,024 bytes long, even if folding makes the name much longer', () => {
    const { nameKey: key } = indexKeys(channelOf(1, { name: 'ﷺ'.repeat(256) }));
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1_024);
  });

  test('has the same prefix for all channels with the same folded name', () => {
    expect(nameKey('a', id).slice(0, -id.length)).toBe(nameKey('a', higher).slice(0, -id.length));
  });
});

test('the key by status sorts false before true, then by id', () => {
  const sorted = [
    statusKey(false, id),
    statusKey(false, higher),
    statusKey(true, id),
    statusKey(true, higher),
  ];
  expect(sorted.toReversed().sort()).toEqual(sorted);
});

describe('the keys by external ids', () => {
  test.each([
    ['text', '{"external_id":"5"}', '5'],
    ['a number', '{"external_id":5}', '5'],
    ['a boolean', '{"external_id":true}', 'true'],
    ['null', '{"external_id":null}', 'null'],
    ['empty text', '{"external_id":""}', ''],
  ])('are the hash of %s as text', (_, meta, text) => {
    expect(metaKeys(meta)).toEqual({ externalIdKey: metaKey(text) });
  });

  test.each([
    undefined,
    '{}',
    '{"external_id":{"a":1},"id":["x"]}',
    '{"a":{"id":"x"}}',
  ])('are absent for %s', (meta) => {
    expect(metaKeys(meta)).toEqual({});
  });

  test('are short even if the value is long', () => {
    expect(Buffer.byteLength(metaKey('x'.repeat(60_000)))).toBe(43);
  });
});

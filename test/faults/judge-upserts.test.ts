import { describe, expect, test } from '@jest/globals';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { judgeUpserts } from './judge-upserts.ts';
import type { KeyedWrite } from './keyed-write.ts';
import type { ChannelVersions } from './versions.ts';

// Histories that were made by hand: the judge must accept what the service promises, and notice everything else.

/** Only upserts give this key to channels. */
const key = 'k1';
/** Other writes give it to channels, too. */
const contested = 'k0';

/** A version of a channel, with the marks of all writes so far. */
const version = (_id: string, __v: number, marks: string[], meta: object = {}): ChannelDocument => ({
  _id,
  name: 'x',
  disabled: false,
  integration_meta: { external_id: key, ...Object.fromEntries(marks.map((mark) => [mark, true])), ...meta },
  company_namespace: ['a'],
  createdAt: '',
  updatedAt: '',
  __v,
});

/** The same version in other namespaces. */
const within = (company_namespace: string[], document: ChannelDocument): ChannelDocument => ({
  ...document,
  company_namespace,
});

/** The versions of channels as the events show them. `undefined` is the version of a deletion. */
const seen = (...channels: (ChannelDocument | undefined)[][]): Map<string, ChannelVersions> =>
  new Map(
    channels.map((documents) => [
      documents[0]?._id ?? '',
      { documents: new Map(documents.entries()), ids: new Set(), contradictions: [] },
    ]),
  );

type Details = Partial<KeyedWrite>;
const write = (start: number, end: number, claim: KeyedWrite['claim'], details: Details): KeyedWrite => ({
  namespace: 'a',
  held: ['a'],
  key,
  by: 'upsert',
  isDeletion: false,
  mark: undefined,
  start,
  end,
  claim,
  ...details,
});
const shows = (
  kind: 'created' | 'unchanged',
  start: number,
  end: number,
  document: ChannelDocument,
  details: Details = {},
) => write(start, end, { kind, id: document._id, version: document.__v, document }, details);
const updated = (
  start: number,
  end: number,
  document: ChannelDocument,
  details: Details = {},
  changed = ['integration_meta'],
) =>
  write(start, end, { kind: 'updated', id: document._id, version: document.__v, document, changed }, details);
const deleted = (start: number, end: number, last: ChannelDocument, details: Details = {}) =>
  write(
    start,
    end,
    { kind: 'deleted', id: last._id, version: last.__v + 1, document: last },
    { isDeletion: true, ...details },
  );
const says = (
  kind: 'absent' | 'refused' | 'ambiguous' | 'unknown',
  start: number,
  end: number,
  details: Details = {},
) => write(start, end, { kind }, details);

const first = version('c', 0, ['m1']);
const second = version('c', 1, ['m1', 'm2']);
const third = version('c', 2, ['m1', 'm2', 'm3']);
const created = shows('created', 1, 2, first, { mark: 'm1' });
const other = version('d', 0, ['m9']);
const shared = within(['a', 'b'], second);
/** It shares the channel with the namespace b, from 3 to 4. */
const sharing = updated(3, 4, shared, {
  by: 'PATCH',
  target: 'c',
  held: ['a', 'b'],
  newNamespaces: ['a', 'b'],
  mark: 'm2',
});
const inB = { namespace: 'b', held: ['b'] };

describe('a history is right', () => {
  test.each<[string, KeyedWrite[], Map<string, ChannelVersions>]>([
    [
      'if each answer shows what the one before it made',
      [
        created,
        updated(3, 4, second, { mark: 'm2' }),
        shows('unchanged', 5, 6, second),
        deleted(7, 8, second),
        says('absent', 9, 10),
      ],
      seen([first, second, undefined]),
    ],
    ['if an unknown write was done', [created, says('unknown', 3, 4, { mark: 'm2' })], seen([first, second])],
    ['if an unknown write was not done', [created, says('unknown', 3, 4, { mark: 'm2' })], seen([first])],
    [
      'if a row after a lost answer shows the version that another writer made of its own',
      [
        created,
        updated(3, 6, version('c', 2, ['m1', 'm2', 'm3'], { name: 'y' }), { mark: 'm2' }),
        updated(4, 5, version('c', 2, ['m1', 'm2', 'm3'], { name: 'y' }), { by: 'PATCH', mark: 'm3' }),
      ],
      seen([first, second, version('c', 2, ['m1', 'm2', 'm3'], { name: 'y' })]),
    ],
    [
      'if a channel is not found while its deletion is unknown',
      [created, says('unknown', 3, 4, { isDeletion: true }), says('absent', 5, 6)],
      seen([first]),
    ],
    [
      'if a channel is not found by a key that it has lost',
      [
        created,
        updated(3, 6, version('c', 1, ['m1', 'm2'], { external_id: contested }), {
          by: 'PATCH',
          target: 'c',
          newKey: contested,
          mark: 'm2',
        }),
        says('absent', 4, 5),
        says('absent', 7, 8),
      ],
      seen([first, version('c', 1, ['m1', 'm2'], { external_id: contested })]),
    ],
    [
      'if a key that other writes give to channels is ambiguous',
      [says('ambiguous', 1, 2, { key: contested })],
      seen(),
    ],
    [
      'if a PUT removes the marks of other writes',
      [created, updated(3, 4, version('c', 1, ['m2']), { by: 'PUT', mark: 'm2', replacesMeta: true })],
      seen([first, version('c', 1, ['m2'])]),
    ],
    [
      'if a row creates a channel with a key that only a channel of another namespace carries',
      [created, shows('created', 3, 4, within(['b'], other), { ...inB, mark: 'm9' })],
      seen([first], [within(['b'], other)]),
    ],
    [
      'if a channel is not found in a namespace that it has left',
      [
        created,
        sharing,
        updated(5, 6, version('c', 2, ['m1', 'm2', 'm3']), {
          by: 'PATCH',
          target: 'c',
          held: ['a', 'b'],
          newNamespaces: ['a'],
          mark: 'm3',
        }),
        says('absent', 7, 8, inB),
      ],
      seen([first, shared, version('c', 2, ['m1', 'm2', 'm3'])]),
    ],
    [
      'if a channel is not found while its deletion by its other key is unknown',
      [
        shows('created', 1, 2, version('c', 0, ['m1'], { id: 7 }), { mark: 'm1' }),
        says('unknown', 3, 4, { key: '7', isDeletion: true }),
        says('absent', 5, 6),
      ],
      seen([version('c', 0, ['m1'], { id: 7 })]),
    ],
    [
      'if a row finds a channel by the number or by the text of its key',
      [
        shows('created', 1, 2, version('c', 0, ['m1'], { id: 7 }), { key: '7', mark: 'm1' }),
        updated(3, 4, version('c', 1, ['m1', 'm2'], { id: '7' }), { key: '7', mark: 'm2' }),
      ],
      seen([version('c', 0, ['m1'], { id: 7 }), version('c', 1, ['m1', 'm2'], { id: '7' })]),
    ],
  ])('%s', (_, writes, versions) => {
    expect(judgeUpserts(writes, versions)).toEqual([]);
  });
});

describe('a history is wrong', () => {
  test.each<[string, KeyedWrite[], Map<string, ChannelVersions>, string]>([
    [
      'if a later version has lost a mark',
      [created, updated(3, 4, version('c', 1, ['m2']), { mark: 'm2' })],
      seen([first, version('c', 1, ['m2'])]),
      'version 1 of c lost the marks m1',
    ],
    [
      'if a write that an answer shows was not done',
      [created, updated(3, 4, first, { mark: 'm2' })],
      seen([first]),
      'its mark is in []',
    ],
    [
      'if a write was done twice',
      [created, shows('created', 3, 4, version('d', 0, ['m1']), { key: contested, mark: 'm7' })],
      seen([first], [version('d', 0, ['m1'])]),
      'its mark is in [{"id":"c","version":0},{"id":"d","version":0}]',
    ],
    [
      'if an unknown write was done twice',
      [says('unknown', 1, 2, { mark: 'm1' })],
      seen([first], [version('d', 0, ['m1'])]),
      'its mark is in [{"id":"c","version":0},{"id":"d","version":0}]',
    ],
    [
      'if a write that was refused was done',
      [created, says('refused', 3, 4, { mark: 'm2' })],
      seen([first, second]),
      'its mark is in [{"id":"c","version":1}]',
    ],
    [
      'if an answer shows another document than the event',
      [created, shows('unchanged', 3, 4, { ...first, name: 'y' })],
      seen([first]),
      'the events say otherwise',
    ],
    [
      'if a deletion shows a channel that is still there',
      [created, deleted(3, 4, first)],
      seen([first]),
      'the events say otherwise',
    ],
    [
      'if an answer is older than one before it',
      [
        created,
        updated(3, 4, second, { mark: 'm2' }),
        updated(3, 4, third, { mark: 'm3' }),
        shows('unchanged', 5, 6, second),
      ],
      seen([first, second, third]),
      'says unchanged c version 1, although before it',
    ],
    [
      'if a channel was deleted twice',
      [created, deleted(3, 6, first), deleted(4, 5, first)],
      seen([first, undefined]),
      'c was deleted 2 times',
    ],
    [
      'if a key that only upserts give to channels is ambiguous',
      [created, says('ambiguous', 3, 4)],
      seen([first]),
      'only upserts created channels with this key',
    ],
    [
      'if a key has no channel for a row while one carries it',
      [created, says('absent', 3, 4)],
      seen([first]),
      'says absent, although c was there from 2',
    ],
    [
      'if a row creates a second channel',
      [created, shows('created', 3, 4, other, { mark: 'm9' })],
      seen([first], [other]),
      'says created d version 0, although c was there from 2',
    ],
    [
      'if a row deletes one of two channels',
      [created, shows('created', 1, 2, other, { by: 'PATCH', mark: 'm9' }), deleted(3, 4, other)],
      seen([first], [other, undefined]),
      'says deleted d version 1, although c was there from 2',
    ],
    [
      'if a channel is not found, although the unknown deletion ended before it was created',
      [says('unknown', -2, -1, { isDeletion: true }), created, says('absent', 3, 4)],
      seen([first]),
      'says absent, although c was there from 2',
    ],
    [
      'if a row shows a channel of another key',
      [created, shows('unchanged', 3, 4, first, { key: contested })],
      seen([first]),
      'the channel carries k1',
    ],
    [
      'if a PUT keeps the marks of other writes',
      [created, updated(3, 4, second, { by: 'PUT', mark: 'm2', replacesMeta: true })],
      seen([first, second]),
      'version 1 of c still has the marks m1',
    ],
    [
      'if a row creates a second channel in a namespace that a channel was shared with',
      [created, sharing, shows('created', 5, 6, within(['b'], other), { ...inB, mark: 'm9' })],
      seen([first, shared], [within(['b'], other)]),
      'says created d version 0, although c was there from 4',
    ],
    [
      'if a channel is not found in a namespace that it stays in',
      [
        created,
        sharing,
        updated(5, 6, within(['a', 'b'], third), { newNamespaces: ['a', 'b'], mark: 'm3' }),
        says('absent', 7, 8, inB),
      ],
      seen([first, shared, within(['a', 'b'], third)]),
      'says absent, although c was there from 4',
    ],
    [
      'if a channel with a numeric key is not found by its text',
      [
        shows('created', 1, 2, version('c', 0, ['m1'], { id: 7 }), { key: '7', mark: 'm1' }),
        says('absent', 3, 4, { key: '7' }),
      ],
      seen([version('c', 0, ['m1'], { id: 7 })]),
      'says absent, although c was there from 2',
    ],
    [
      'if a write changes a channel of another namespace',
      [created, says('unknown', 3, 4, { ...inB, mark: 'm2' })],
      seen([first, second]),
      'the channel is in a',
    ],
    [
      'if a row creates a channel in another namespace only',
      [shows('created', 1, 2, first, { ...inB, mark: 'm1' })],
      seen([first]),
      'the channel is in a',
    ],
    [
      'if a write shares a channel with a namespace that its API key does not hold',
      [created, { ...sharing, held: ['a'] }],
      seen([first, shared]),
      'it moved the channel into or out of b',
    ],
    [
      'if an API key of one namespace deletes a shared channel',
      [created, sharing, deleted(5, 6, shared, { ...inB, target: 'c', by: 'DELETE' })],
      seen([first, shared, undefined]),
      'it deleted a channel of a,b',
    ],
    [
      'if a row shows a channel of another namespace',
      [created, shows('unchanged', 3, 4, first, inB)],
      seen([first]),
      'the channel is in a',
    ],
    [
      'if a row shows a channel of another source',
      [created, shows('unchanged', 3, 4, first, { where: 'sap' })],
      seen([first]),
      'the source of the channel is undefined, not sap',
    ],
    [
      'if a row names a field that it did not change',
      [created, updated(3, 4, second, { mark: 'm2' }, ['name', 'integration_meta'])],
      seen([first, second]),
      'it changed integration_meta, and says name,integration_meta',
    ],
  ])('%s', (_, writes, versions, sentence) => {
    expect(judgeUpserts(writes, versions)).toContainEqual(expect.stringContaining(sentence));
  });
});

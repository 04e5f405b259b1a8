import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import type { ListFilter } from '../../lib/lists/query/parse-list-query.ts';
import { matches } from '../../lib/lists/read/match-filters.ts';
import { channelOf, idAt, seededAt } from '../support/seed.ts';

const id = (ordinal: number) => idAt(seededAt + ordinal, ordinal);
/** The names of those channels that a filter lets through. */
const found = (channels: Channel[], filter: ListFilter) =>
  channels.filter((channel) => matches(channel, filter)).map(({ name }) => name);

describe('a filter', () => {
  const channels = [
    channelOf(1, { name: 'Retail', local_name: 'قناة', disabled: true, integration_meta: '{"id":"x"}' }),
    channelOf(2, { name: 'retail', local_name: 'undefined' }),
    channelOf(3, { name: 'Rétail, wholesale' }),
  ];
  const names = channels.map(({ name }) => name);

  test.each<[string, ListFilter, string[]]>([
    ['nothing asked, all match', {}, names],
    ['ids, only those match', { ids: [id(3), id(1), id(9)] }, ['Retail', 'Rétail, wholesale']],
    ['no ids, none matches', { ids: [] }, []],
    ['names, they match in their very writing', { names: ['Retail', 'Rétail', 'x'] }, ['Retail']],
    ['no names, none matches', { names: [] }, []],
    ['local names, they match in their very writing', { localNames: ['قناة', 'Undefined'] }, ['Retail']],
    [
      '"undefined" for a local name, what lacks one does not match',
      { localNames: ['undefined'] },
      ['retail'],
    ],
    ['no local names, none matches', { localNames: [] }, []],
    ['disabled, the enabled do not match', { disabled: true }, ['Retail']],
    ['enabled, the disabled do not match', { disabled: false }, ['retail', 'Rétail, wholesale']],
    [
      'a time, what was updated right then does not match',
      { updatedAfter: seededAt + 2 },
      ['Rétail, wholesale'],
    ],
    ['a time before all, all match', { updatedAfter: seededAt }, names],
    ['a word, it matches folded and anywhere', { terms: ['tail'] }, names],
    ['words, all must occur', { terms: ['sale', 'ret'] }, ['Rétail, wholesale']],
    ['no words, all match', { terms: [] }, names],
    ['no conditions on metadata, all match', { metadata: [] }, names],
    ['several of them, each must hold', { names: ['Retail', 'retail'], disabled: false }, ['retail']],
    [
      'metadata and a name that differ, none matches',
      { names: ['retail'], metadata: [{ path: ['id'], value: 'x' }] },
      [],
    ],
    // They bound what is read, before anything is matched.
    ['bounds of ids, they are not its business', { after: id(3), before: id(1) }, names],
  ])('given %s', (_, filter, expected) => {
    expect(found(channels, filter)).toEqual(expected);
  });
});

describe('a condition on metadata', () => {
  const asked = (integration_meta: string | undefined, path: string[], value: string) =>
    matches(channelOf(1, integration_meta === undefined ? {} : { integration_meta }), {
      metadata: [{ path, value }],
    });

  test.each([
    ['{"id":"5"}', ['id'], '5'],
    ['{"id":5}', ['id'], '5'],
    ['{"id":1e21}', ['id'], '1e+21'],
    ['{"id":true}', ['id'], 'true'],
    ['{"id":null}', ['id'], 'null'],
    ['{"id":""}', ['id'], ''],
    ['{"a":{"b":"x"}}', ['a', 'b'], 'x'],
    ['{"a.b":"x"}', ['a.b'], 'x'],
    ['{"":{"":"x"}}', ['', ''], 'x'],
    ['{"__proto__":"x"}', ['__proto__'], 'x'],
    ['{"__proto__":{"b":"x"}}', ['__proto__', 'b'], 'x'],
    ['{"toString":"x"}', ['toString'], 'x'],
  ])('given %s, holds at %j for %j', (meta, path, value) => {
    expect(asked(meta, path, value)).toBe(true);
  });

  test.each([
    ['nothing stored', undefined, ['id'], 'undefined'],
    ['another value', '{"id":"x"}', ['id'], 'X'],
    ['a part of the value', '{"id":"xy"}', ['id'], 'x'],
    ['no such key', '{"id":"x"}', ['x'], 'undefined'],
    ['a key that only the prototype has', '{}', ['toString'], String(Object.prototype.toString)],
    ['a dotted key for two levels', '{"a.b":"x"}', ['a', 'b'], 'x'],
    ['two levels for a dotted key', '{"a":{"b":"x"}}', ['a.b'], 'x'],
    ['an object', '{"a":{"b":"x"}}', ['a'], '[object Object]'],
    ['a list', '{"a":["x"]}', ['a'], 'x'],
    ['an element of a list', '{"a":["x"]}', ['a', '0'], 'x'],
    ['the length of a list', '{"a":["x"]}', ['a', 'length'], '1'],
    ['the length of a text', '{"a":"x"}', ['a', 'length'], '1'],
    ['a level below null', '{"a":null}', ['a', 'b'], 'undefined'],
    ['a level below a number', '{"a":1}', ['a', 'b'], 'undefined'],
  ])('given %s, does not hold', (_, meta, path, value) => {
    expect(asked(meta, path, value)).toBe(false);
  });

  test('given several, all must hold', () => {
    const x = { path: ['x'], value: '1' };
    const y = { path: ['y'], value: '2' };
    const channels = ['{"x":1}', '{"y":2}', '{"x":1,"y":2}'].map((integration_meta) =>
      channelOf(1, { name: integration_meta, integration_meta }),
    );
    expect(found(channels, { metadata: [x, y] })).toEqual(['{"x":1,"y":2}']);
  });
});

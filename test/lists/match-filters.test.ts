import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../lib/channels/channel.ts';
import type { ListFilter } from '../../lib/lists/query/parse-list-query.ts';
import { matches } from '../../lib/lists/read/match-filters.ts';
import { channelOf, idAt, seededAt } from '../support/seed.ts';

const id = (ordinal: number) => idAt(seededAt + ordinal, ordinal);
/** The names of the channels that match a filter. */
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
    ['no condition matches all channels', {}, names],
    ['ids matches only these channels', { ids: [id(3), id(1), id(9)] }, ['Retail', 'Rétail, wholesale']],
    ['an empty list of ids matches nothing', { ids: [] }, []],
    ['names compares them exactly', { names: ['Retail', 'Rétail', 'x'] }, ['Retail']],
    ['an empty list of names matches nothing', { names: [] }, []],
    ['local names compares them exactly', { localNames: ['قناة', 'Undefined'] }, ['Retail']],
    [
      'the local name "undefined" does not match channels without a local name',
      { localNames: ['undefined'] },
      ['retail'],
    ],
    ['an empty list of local names matches nothing', { localNames: [] }, []],
    ['disabled matches no enabled channel', { disabled: true }, ['Retail']],
    ['enabled matches no disabled channel', { disabled: false }, ['retail', 'Rétail, wholesale']],
    [
      'a time does not match a channel that was updated exactly then',
      { updatedAfter: seededAt + 2 },
      ['Rétail, wholesale'],
    ],
    ['a time before all updates matches all channels', { updatedAfter: seededAt }, names],
    ['a term matches folded names that contain it anywhere', { terms: ['tail'] }, names],
    ['several terms requires all of them', { terms: ['sale', 'ret'] }, ['Rétail, wholesale']],
    ['a term also matches folded local names', { terms: ['قناه'] }, ['Retail']],
    ['terms matches one in each name', { terms: ['def', 'tail'] }, ['retail']],
    ['no terms matches all channels', { terms: [] }, names],
    ['no conditions on metadata matches all channels', { metadata: [] }, names],
    ['several conditions requires all of them', { names: ['Retail', 'retail'], disabled: false }, ['retail']],
    [
      'metadata and a name of different channels matches nothing',
      { names: ['retail'], metadata: [{ path: ['id'], values: ['x'] }] },
      [],
    ],
    // The plan has applied these already, when it chose what to read.
    ['bounds of ids ignores them', { after: id(3), before: id(1) }, names],
  ])('by %s', (_, filter, expected) => {
    expect(found(channels, filter)).toEqual(expected);
  });
});

describe('a condition on metadata', () => {
  const matchesCondition = (integration_meta: string | undefined, path: string[], value: string) =>
    matches(channelOf(1, integration_meta === undefined ? {} : { integration_meta }), {
      metadata: [{ path, values: [value] }],
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
  ])('on %s holds at the path %j for the value %j', (meta, path, value) => {
    expect(matchesCondition(meta, path, value)).toBe(true);
  });

  test.each([
    ['a channel without metadata', undefined, ['id'], 'undefined'],
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
  ])('does not hold for %s', (_, meta, path, value) => {
    expect(matchesCondition(meta, path, value)).toBe(false);
  });

  test('with several values holds for any of them', () => {
    const channels = ['{"x":1}', '{"x":"2"}', '{"x":3}', '{"x":[1]}', '{}'].map((integration_meta) =>
      channelOf(1, { name: integration_meta, integration_meta }),
    );
    const where = (...values: string[]) => found(channels, { metadata: [{ path: ['x'], values }] });
    expect(where('1', '2', 'undefined')).toEqual(['{"x":1}', '{"x":"2"}']);
    expect(where()).toEqual([]);
  });

  test('counts together with others: all must hold', () => {
    const x = { path: ['x'], values: ['1'] };
    const y = { path: ['y'], values: ['2'] };
    const channels = ['{"x":1}', '{"y":2}', '{"x":1,"y":2}'].map((integration_meta) =>
      channelOf(1, { name: integration_meta, integration_meta }),
    );
    expect(found(channels, { metadata: [x, y] })).toEqual(['{"x":1,"y":2}']);
  });
});

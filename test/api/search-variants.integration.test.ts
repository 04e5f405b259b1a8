import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['acme'] });

/** The names of all channels of the namespace. */
const names = [
  'Alpha Store',
  'be\u200Bta',
  'gam\u200Cma',
  'فرع ١٢',
  'Łódź',
  'Tromsø',
  'L’Oréal',
  'Al‑Futtaim',
  'مدینۃ',
];

const localNames = 'localNames';
let localKey: string;

beforeAll(async () => {
  localKey = await service.newKey({ namespaces: [localNames] });
  for (const name of names) {
    const created = await service.call('POST /client-channel', { body: { name } });
    expect(created).toMatchObject({ status: 201 });
    const body = { name: 'x', local_name: name };
    expect(await service.call('POST /client-channel', { key: localKey, body })).toMatchObject({
      status: 201,
    });
  }
});

const search = async (text: string, call = {}) => {
  const query = new URLSearchParams({ search: text });
  return (await service.call(`GET /client-channel?${query}`, call)).body.data as ChannelDocument[];
};
const searchNames = async (text: string) => (await search(text)).map(({ name }) => name);
const searchLocalNames = async (text: string) =>
  (await search(text, { key: localKey })).map(({ local_name }) => local_name);

describe('a search finds a channel by what people type for its name or its local name:', () => {
  test.each([
    ['فرع 12', 'فرع ١٢'],
    ['فرع ۱۲', 'فرع ١٢'],
    ['\u200Ealpha', 'Alpha Store'],
    ['beta', 'be\u200Bta'],
    ['gamma', 'gam\u200Cma'],
    ['lodz', 'Łódź'],
    ['tromso', 'Tromsø'],
    ["l'oreal", 'L’Oréal'],
    ['al-futtaim', 'Al‑Futtaim'],
    ['مدینہ', 'مدینۃ'],
    ['مدينة', 'مدینۃ'],
  ])('%j finds %s', async (text, name) => {
    expect(await searchNames(text)).toEqual([name]);
    expect(await searchLocalNames(text)).toEqual([name]);
  });

  test('invisible characters before, in or after a word', async () => {
    const invisible = [
      ...'\u00AD\u034F\u061C\u115F\u1160\u17B4\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202E',
    ];
    invisible.push(...'\u2060\u2063\u2066\u2069\u2800\u3164\uFE0F\uFEFF\uFFA0\u{E0001}\u{E0101}');
    for (const character of invisible)
      for (const text of [`${character}alpha`, `al${character}pha`, `alpha${character}`])
        expect([text, await searchNames(text), await searchLocalNames(text)]).toEqual([
          text,
          ['Alpha Store'],
          ['Alpha Store'],
        ]);
  });
});

test('the channel of the README is found by its Arabic name, and by words of both names', async () => {
  const key = await service.newKey({ namespaces: ['readme'] });
  const call = async (route: string, body?: object) =>
    (await service.call(route, { key, ...(body && { body }) })).body.data;
  const channel: ChannelDocument = await call('POST /client-channel', {
    name: 'Retail Channel',
    local_name: 'قناة التجزئة',
  });
  // Its local name comes first in the alphabet. Lists by name do not look at it.
  const other = await call('POST /client-channel', { name: 'Retail Channel', local_name: 'الجملة' });
  const found = async () => {
    const texts = [
      'التجزئة',
      'قناه التجزيه',
      'RETAIL تجزئ',
      'التجزئة channel',
      'Retail Channel قناة التجزئة',
    ];
    return Promise.all(texts.map((text) => search(text, { key })));
  };
  expect(await found()).toEqual(Array.from({ length: 5 }, () => [channel]));
  expect(await search('التجزئة wholesale', { key })).toEqual([]);
  expect(await call('GET /client-channel?search=retail&sort=name')).toEqual([channel, other]);

  await applyPending(service, 'readme', [channel._id]);
  expect(await found()).toEqual(Array.from({ length: 5 }, () => [channel]));

  const renamed = await call(`PUT /client-channel/${channel._id}`, { local_name: 'متجر' });
  expect(await found()).toEqual(Array.from({ length: 5 }, () => []));
  expect(await search('channel متجر', { key })).toEqual([renamed]);
});

describe('a name in which nothing is visible', () => {
  test.each(['\u200B', '\u2800', '\u3164 \uFFA0', '\u{E0041}'])('is refused: %j', async (name) => {
    const message = 'must not be blank: it needs at least one visible character';
    expect(await service.call('POST /client-channel', { body: { name, local_name: name } })).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_request',
        details: [
          { path: 'name', message },
          { path: 'local_name', message },
        ],
      },
    });
  });
});

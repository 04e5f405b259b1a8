import { beforeAll, describe, expect, test } from '@jest/globals';
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

beforeAll(async () => {
  for (const name of names)
    expect(await service.call('POST /client-channel', { body: { name } })).toMatchObject({ status: 201 });
});

const search = async (text: string): Promise<string[]> => {
  const { body } = await service.call(`GET /client-channel?${new URLSearchParams({ search: text })}`);
  return body.data.map(({ name }: { name: string }) => name);
};

describe('a search finds a channel by what people type for its name:', () => {
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
    expect(await search(text)).toEqual([name]);
  });

  test('invisible characters before, in or after a word', async () => {
    const invisible = [
      ...'\u00AD\u034F\u061C\u115F\u1160\u17B4\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202E',
    ];
    invisible.push(...'\u2060\u2063\u2066\u2069\u2800\u3164\uFE0F\uFEFF\uFFA0\u{E0001}\u{E0101}');
    for (const character of invisible)
      for (const text of [`${character}alpha`, `al${character}pha`, `alpha${character}`])
        expect([text, await search(text)]).toEqual([text, ['Alpha Store']]);
  });
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

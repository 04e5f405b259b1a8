import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Format } from '../../../client/command-line/files/formats.ts';
import { readRows } from '../../../client/command-line/files/read-rows.ts';
import type { Terminal } from '../../../client/command-line/terminal.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
let said: string;
beforeEach(() => {
  said = '';
});

const match = 'integration_meta.external_id';
const readAs = (name: string, terminal: Partial<Terminal> = {}, format?: Format) => {
  const say = (text: string) => {
    said += text;
  };
  return readRows(name, { format, match, json: false }, { folder, say, ...terminal } as Terminal);
};
const read = (
  content: string | Uint8Array,
  { name = 'rows.csv', format }: { name?: string; format?: Format } = {},
) => {
  writeFileSync(join(folder, name), content);
  return readAs(name, {}, format);
};
const rowsOf = async (...args: Parameters<typeof read>) => (await read(...args)).rows;

describe('a CSV file', () => {
  const header = ['name', 'local_name', 'disabled', 'company_namespace', match, 'integration_meta.n'];
  const expected = [
    {
      line: 2,
      row: {
        name: 'A;B,C "D"',
        local_name: 'قناة التجزئة',
        disabled: true,
        company_namespace: ['x', 'y'],
        integration_meta: { external_id: '007', n: 1.5 },
      },
    },
    { line: 4, row: { name: 'Two\nlines', integration_meta: { external_id: 'b' } } },
    { line: 6, row: { name: 'Last', company_namespace: ['x'], integration_meta: { external_id: 'c' } } },
  ];
  test.each([
    { delimiter: ',', end: '\n', start: '' },
    { delimiter: ';', end: '\r\n', start: '\uFEFF' },
    { delimiter: '\t', end: '\r', start: '\uFEFF' },
  ])('is read as spreadsheets write it: $delimiter', async ({ delimiter, end, start }) => {
    const lines = [
      header,
      ['"A;B,C ""D"""', 'قناة التجزئة', 'TRUE', '"[""x"",""y""]"', '007', '1.5'],
      ['', '', '', '', '', ''],
      ['"Two\nlines"', '', '', '', 'b', ''],
      ['Last', '', '', 'x', 'c', ''],
    ];
    expect(await rowsOf(start + lines.map((cells) => cells.join(delimiter)).join(end))).toEqual(expected);
  });

  test('has no rows if it is empty, as an export that found nothing', async () => {
    expect(await rowsOf('', { name: 'rows' })).toEqual([]);
  });

  test('leaves out the fields that the service sets, and the reasons of failed rows', async () => {
    const text = `_id,__v,createdAt,updatedAt,error,name,${match}\n1,2,3,4,5,Retail,a`;
    expect(await rowsOf(text)).toEqual([
      { line: 2, row: { name: 'Retail', integration_meta: { external_id: 'a' } } },
    ]);
  });

  const noHeader =
    'Line 1: The first line must be a header that names the columns, for example name,integration_meta.external_id,integration_meta.region. They are separated by commas, semicolons or tabs.';
  test.each([
    ['without a header', 'Retail,ch_1\n', noHeader],
    ['that is empty', '', 'Line 1: The file is empty.'],
    ['that has an empty first line', `\nname,${match}\na,b\n`, 'Line 1: The file is empty.'],
    [
      'with the first line that only Excel reads',
      `sep=;\nname;${match}\n`,
      'Line 1: Remove the line that begins with "sep=".',
    ],
    ['with the wrong delimiter', `name|${match}\na|b\n`, noHeader],
    [
      'with a column that nobody named',
      `name,,${match}\na,b,c\n`,
      'Line 1: The column 2 of the header has no name. Name it, or remove it.',
    ],
    [
      'with a space behind the name of the key',
      `name,${match} \na,b\n`,
      `Line 1: The header has no column ${match}, which names the channels. Remove the space from "${match} ".`,
    ],
    ['without the column of the key', 'name\na\n', `Line 1: The header has no column ${match}`],
    ['with a column twice', `name,name,${match}\na,b,c\n`, 'Line 1: The header has the column "name" twice.'],
    [
      'with a line that is too long',
      `name,${match}\na,1\n"b\nc",2\nb,2,\n`,
      'Line 5: The line has 3 cells, and the header has 2. Cells are separated by commas.',
    ],
    [
      'with half a line at the end',
      `name;local_name;${match}\na;b;1\nb`,
      'Line 3: The line has 1 cell, and the header has 3. Cells are separated by semicolons.',
    ],
    [
      'with a quote that is not closed',
      `name,${match}\na,1\n"b,2\nc,3\n`,
      'Line 3: A quote is opened and never closed.',
    ],
    ['with a quote inside a cell', `name,${match}\na,1\nb"c",2\n`, 'Line 3: A quote stands inside a cell'],
    ['with text after a quote', `name,${match}\na,1\n"b"c,2\n`, 'Line 3: Text follows the closing quote'],
    [
      'with the same key twice',
      `name,${match}\na,1\nb,2\nc,"""1"""\n`,
      'Line 4: The key "1" is also on line 2.',
    ],
    [
      'with JSON that would lose digits',
      `name,${match},integration_meta.n\na,1,[9007199254740993]\n`,
      'Line 2: The integer 9007199254740993',
    ],
  ])('%s is refused with the number of the line', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });

  test('may have spaces around the names of its columns', async () => {
    expect(await rowsOf(` name ; ${match} ;integration_meta.b\nA;a;c\n`)).toEqual([
      { line: 2, row: { name: 'A', integration_meta: { external_id: 'a', b: 'c' } } },
    ]);
  });

  test.each([
    ['Name', 'name'],
    ['Local Name', 'local_name'],
    ['__V', '__v'],
    ['region', 'integration_meta.region'],
    ['Integration_Meta.region', 'integration_meta.region'],
    ['integration_meta', 'integration_meta.<key>'],
    ['integration_meta/region', 'integration_meta.region'],
  ])('with the unknown column %s is refused, and the right one is named', async (name, meant) => {
    await expect(read(`${match},${name}\na,b\n`)).rejects.toMatchObject({
      exitCode: 2,
      message: `Line 1: The header has the unknown column "${name}". Did you mean ${meant}?`,
    });
  });

  test.each([
    ',',
    ';',
  ])('in which the name of a column is nearly right is a file with a header: %s', async (delimiter) => {
    await expect(read(`external_id${delimiter}Region\na${delimiter}b\n`)).rejects.toMatchObject({
      exitCode: 2,
      message: [
        'Line 1: The header has the unknown column "external_id". Did you mean integration_meta.external_id?',
        'Line 1: The header has the unknown column "Region". Did you mean integration_meta.Region?',
      ].join('\n'),
    });
  });

  test('is refused with up to 10 of its wrong lines, whatever is wrong in them', async () => {
    const lines = ['a,1,', 'b,1,', 'c', 'd,4,[9007199254740993]', ...'efghijklm'];
    await expect(read(`name,${match},integration_meta.n\n${lines.join('\n')}`)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^Line 3: The key "1" is also on line 2\.\nLine 4: The line has 1 cell, .*\nLine 5: The integer .*\nLine 6: (.*\n){7}… and 2 more wrong lines\.$/,
      ),
    });
  });

  test('with texts that a spreadsheet writes in place of values is read, with a warning for each column', async () => {
    const text = `name;${match};integration_meta.active;integration_meta.size;integration_meta.text
A;1;true;1.5;"""TRUE"""
TRUE;TRUE;;1,5,6;truely
B;2;TRUE;1,5;1,a
C;3;False;2,5;a 1,5
`;
    expect((await rowsOf(text)).map(({ row }) => row.integration_meta)).toEqual([
      { external_id: 1, active: true, size: 1.5, text: 'TRUE' },
      { external_id: 'TRUE', size: '1,5,6', text: 'truely' },
      { external_id: 2, active: 'TRUE', size: '1,5', text: '1,a' },
      { external_id: 3, active: 'False', size: '2,5', text: 'a 1,5' },
    ]);
    expect(said).toBe(
      [
        'Line 3: integration_meta.external_id has the text "TRUE". For a truth value, write true or false.',
        'Line 4: integration_meta.active has the text "TRUE". For a truth value, write true or false.',
        'Line 4: integration_meta.size has the text "1,5". For a number, write only digits and a point, for example 1.5.',
        '',
      ].join('\n'),
    );
  });

  test('with spaces around keys is read, with a warning', async () => {
    expect(await rowsOf(`name,${match},integration_meta.a \nA,1,x\nB, 2,y\nC,3 ,z\n`)).toEqual([
      { line: 2, row: { name: 'A', integration_meta: { external_id: 1, 'a ': 'x' } } },
      { line: 3, row: { name: 'B', integration_meta: { external_id: ' 2', 'a ': 'y' } } },
      { line: 4, row: { name: 'C', integration_meta: { external_id: '3 ', 'a ': 'z' } } },
    ]);
    expect(said).toBe(
      [
        'Line 1: The column "integration_meta.a " has a space at an end. The space is a part of the key "a ".',
        'Line 3: The key " 2" has a space at an end. The space is a part of the key: "2" is another channel.',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['xlsx', Buffer.from('PK\u0003\u0004…')],
    ['xls', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
  ])('that is a workbook is refused: %s', async (_, content) => {
    await expect(read(content)).rejects.toMatchObject({
      exitCode: 2,
      message: 'The file is a workbook. In the spreadsheet, save it as "CSV UTF-8".',
    });
  });

  test('that is not UTF-8 is refused with the number of the line', async () => {
    const latin1 = Buffer.from(`name,${match}\na,1\nCafé,2\n`, 'latin1');
    await expect(read(latin1)).rejects.toMatchObject({
      exitCode: 2,
      message: 'Line 3: The text is not UTF-8. In a spreadsheet, save the file as "CSV UTF-8".',
    });
  });

  test('of failed rows has their lines as they were, with the reasons, and can be read again', async () => {
    const file = await read(`name;${match};error;integration_meta.n\nA;1;old;007\nB;2;;"a;""b"""\nC;3;;\n`);

    const failed = file.formatFailed([
      { index: 0, reason: 'no; not "this"' },
      { index: 1, reason: 'bad' },
    ]);

    expect(failed).toBe(
      `\uFEFFname;${match};integration_meta.n;error\nA;1;007;"no; not ""this"""\nB;2;"a;""b""";bad\n`,
    );
    expect(await rowsOf(failed)).toEqual(file.rows.slice(0, 2));
  });
});

describe('an NDJSON file', () => {
  const name = 'rows.ndjson';
  test('has one object on each line, in which the fields that the service sets are left out', async () => {
    const text =
      '\uFEFF{"_id":"x","__v":1,"name":"Retail","integration_meta":{"external_id":5}}\r\n\n{"delete":true,"error":"x"}';
    expect(await rowsOf(text, { name })).toEqual([
      { line: 1, row: { name: 'Retail', integration_meta: { external_id: 5 } } },
      { line: 3, row: { delete: true } },
    ]);
  });

  test.each([
    ['half a line at the end', '{"name":"a"}\n{"na', 'Line 2: The line is not JSON.'],
    [
      'several wrong lines',
      '{"name":"a"}\n{"na\n[]\n{}\n"',
      'Line 2: The line is not JSON. Each line is one channel, for example {"name": "Retail", …}.\nLine 3: The line is not a JSON object. Each line is one channel, for example {"name": "Retail", …}.\nLine 5: The line is not JSON.',
    ],
    ['a JSON array', '[\n{"name": "Retail"}\n]', 'Line 1: The file is a JSON array.'],
    ['a line that is no object', '{"name":"a"}\n[1]\n', 'Line 2: The line is not a JSON object.'],
    [
      'an integer that would lose digits',
      '{"integration_meta":{"id":12345678901234567890}}',
      'Line 1: The integer 12345678901234567890',
    ],
    [
      'a field twice',
      '{"name":"a"}\n{"name":"a","integration_meta":{"a":{"b":1,"b":"c"}}}',
      'Line 2: An object has the same key twice.',
    ],
    [
      'the same key twice, once as a number',
      '{"integration_meta":{"external_id":5}}\n{"integration_meta":{"external_id":"5"}}',
      'Line 2: The key "5" is also on line 1.',
    ],
  ])('with %s is refused with the number of the line', async (_, text, message) => {
    await expect(read(text, { name })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });

  test('may have several rows whose key counts as none: each of them fails alone', async () => {
    const line = '{"name":"a","integration_meta":{"external_id":"null"}}';
    expect(await rowsOf(`${line}\n${line}\n`, { name: 'rows.ndjson' })).toHaveLength(2);
  });

  test('of failed rows has them as they were, with the reasons', async () => {
    const file = await read('{"_id":"x","name":"a"}\n{"name":"b"}\n', { name });
    expect(file.formatFailed([{ index: 0, reason: 'bad' }])).toBe('{"_id":"x","name":"a","error":"bad"}\n');
  });
});

test('the format is the one that is asked for, then that of the name, then that of the first character', async () => {
  const [ndjson, csv] = [`{"name":"a"}\n`, `name,${match}\na,1\n`];
  expect((await read(ndjson, { name: 'x.csv', format: 'ndjson' })).format).toBe('ndjson');
  await expect(read(ndjson, { name: 'x.csv' })).rejects.toMatchObject({ exitCode: 2 });
  expect((await read(ndjson, { name: 'x.txt' })).format).toBe('ndjson');
  expect((await read(csv, { name: 'x.txt' })).format).toBe('csv');
});

describe('a file of more than 100 MiB', () => {
  const tooLarge = {
    exitCode: 2,
    message: expect.stringMatching(/ has more than 100 MiB, the most that this command reads\.$/),
  };
  test('is refused before it is read', async () => {
    writeFileSync(join(folder, 'large.csv'), '');
    truncateSync(join(folder, 'large.csv'), 100 * 1024 * 1024 + 1);
    await expect(readAs('large.csv')).rejects.toMatchObject(tooLarge);
  });

  test('on standard input, which may never end, is refused as soon as that is known', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const chunks = async function* () {
      for (;;) yield chunk;
    };
    const input = Readable.from(chunks());
    await expect(readAs('-', { input, signal: new AbortController().signal })).rejects.toMatchObject(
      tooLarge,
    );
  });
});

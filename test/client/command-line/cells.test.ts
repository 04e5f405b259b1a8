import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatMetaCell, parseBooleanCell, parseMetaCell } from '../../../client/command-line/files/cells.ts';
import { columnsOf, toCells, toRow } from '../../../client/command-line/files/columns.ts';
import { formatCsv, parseCsv } from '../../../client/command-line/files/csv.ts';

test('a cell of `disabled` is true, false, or a text for the service to refuse', () => {
  expect(['TRUE', 'false', 'constructor'].map(parseBooleanCell)).toEqual([true, false, 'constructor']);
});

describe('a cell of integration_meta', () => {
  test.each([
    ['5', 5],
    ['-1.5', -1.5],
    ['1e+21', 1e21],
    ['true', true],
    ['false', false],
    ['null', null],
    ['{"a": [1]}', { a: [1] }],
    ['[]', []],
    ['"5"', '5'],
    ['""', ''],
  ])('is JSON for %s', (text, value) => {
    expect(parseMetaCell(text, 1)).toEqual(value);
  });

  test.each([
    '1.10',
    '1E5',
    '007',
    '-0',
    '+5',
    ' 5',
    'TRUE',
    'NaN',
    '9007199254740993',
    '{a}',
    'retail',
  ])('is the plain string %s', (text) => {
    expect(parseMetaCell(text, 1)).toBe(text);
  });

  test.each([
    [
      '{"a":9007199254740993}',
      'Line 7: The integer 9007199254740993 has more digits than a JSON number holds.',
    ],
    ['[{"a":1,"a":2}]', 'Line 7: An object has the same key twice.'],
    ['[1e400]', 'Line 7: The number 1e400 is larger than a JSON number can be.'],
  ])('is refused where parsing it would lose something: %s', (text, message) => {
    expect(() => parseMetaCell(text, 7)).toThrow(message);
  });

  test('is written so that the same value is read', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(value, (each) => {
        // JSON has no negative zero.
        const sent = JSON.parse(JSON.stringify(each));
        expect(parseMetaCell(formatMetaCell(each), 1)).toEqual(sent);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('the channels that a CSV file is written of are read from it again, whatever they hold', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  const channel = fc.record(
    {
      name: text,
      local_name: text,
      disabled: fc.boolean(),
      company_namespace: fc.array(text, { minLength: 1 }),
      integration_meta: fc.dictionary(
        fc.oneof(fc.constantFrom('external_id', '__proto__', '', 'a.b', 'a,b', 'a;b\n"c"'), text),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: ['name', 'disabled', 'company_namespace'] },
  );
  fc.assert(
    fc.property(fc.array(channel, { minLength: 1, maxLength: 5 }), (channels) => {
      const columns = columnsOf(channels);
      const csv = formatCsv([columns, ...channels.map((each) => toCells(columns, each))]);
      const { header, lines } = parseCsv(csv);
      const rows = lines.map(({ line, cells }) => toRow(header, cells, line));
      const expected = channels.map((each) => ({ integration_meta: {}, ...each }));
      expect(rows).toEqual(JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns: 300 },
  );
});

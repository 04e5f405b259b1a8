import type { UpsertRow } from '../../../client/index.ts';

const values: unknown[] = [
  5,
  -1.5,
  1e21,
  true,
  false,
  '5',
  'true',
  'null',
  '1.10',
  '007',
  'a,b;c',
  'two\nlines\r\n',
  '"quoted"',
  '',
  ' ',
  'قناة',
  ['x', 1, null],
  { deep: { list: [{ a: 'b' }], n: 0.1 } },
  '{"a":1}',
  '[1',
  '-0',
  '=1+1',
];
/** Rows with all kinds of values in their metadata, by strings and numbers as keys. */
export const variedRows = (count: number): UpsertRow[] =>
  Array.from({ length: count }, (_, n) => ({
    name: `Channel ${n}, "${n % 7}"`,
    ...(n % 3 && { local_name: `قناة ${n}` }),
    disabled: n % 5 === 0,
    integration_meta: {
      external_id: n % 2 ? `k-${n}` : n,
      value: values[n % values.length],
      ...(n % 4 === 0 && { [`key ${n % 8}`]: values[(n * 7) % values.length] }),
    },
  }));

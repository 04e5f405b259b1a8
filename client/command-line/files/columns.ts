import { formatMetaCell, parseBooleanCell, parseListCell, parseMetaCell } from './cells.ts';

/** The service sets these. An import ignores them, so that an export can be imported. */
const setByService = ['_id', 'createdAt', 'updatedAt', '__v'];

/** Where a file of failed rows says what is wrong with each. An import ignores it, so that the corrected file can be imported. */
export const reasonField = 'error';

export const ignoredFields = [...setByService, reasonField];

const metaPrefix = 'integration_meta.';

const parsers: Record<string, (text: string, line: number) => unknown> = {
  name: (text) => text,
  local_name: (text) => text,
  disabled: parseBooleanCell,
  company_namespace: parseListCell,
};

/** The key of the metadata that a column has, if it has one. */
export const metaKeyOf = (column: string): string | undefined =>
  column.startsWith(metaPrefix) ? column.slice(metaPrefix.length) : undefined;

export const isKnownColumn = (name: string): boolean =>
  ignoredFields.includes(name) || Object.hasOwn(parsers, name) || metaKeyOf(name) !== undefined;

/** The known column to which the name of an unknown one is similar. */
export const similarColumn = (name: string): string | undefined => {
  const plain = name.toLowerCase().replaceAll(/[\s-]/g, '_');
  const [, key] = /^integration_meta\W*(.*)$/i.exec(name) ?? [];
  if (key !== undefined) return metaPrefix + (key || '<key>');
  if (['external_id', 'id'].includes(plain)) return metaPrefix + plain;
  return [...Object.keys(parsers), ...ignoredFields].find((field) => field.toLowerCase() === plain);
};

/** What a person may have meant by an unknown column. */
export const guessColumn = (name: string): string => similarColumn(name) ?? metaPrefix + name;

/** Makes a row of the cells of a line. An empty cell is absent. Keys are data, also `__proto__`, so objects are made of entries. */
export const toRow = (header: string[], cells: string[], line: number): Record<string, unknown> => {
  const fields: [string, unknown][] = [];
  const meta: [string, unknown][] = [];
  for (const [index, name] of header.entries()) {
    const text = cells[index] ?? '';
    if (text === '' || ignoredFields.includes(name)) continue;
    const key = metaKeyOf(name);
    if (key !== undefined) meta.push([key, parseMetaCell(text, line)]);
    else fields.push([name, parsers[name]?.(text, line)]);
  }
  return Object.fromEntries([...fields, ['integration_meta', Object.fromEntries(meta)]]);
};

/** A channel, as far as a file has it. */
export interface ChannelFields {
  _id?: string;
  name: string;
  local_name?: string;
  disabled: boolean;
  company_namespace: string[];
  integration_meta?: Record<string, unknown>;
  createdAt?: string;
  updatedAt?: string;
  __v?: number;
}

/** The columns of a file with these channels: their fields, and all the keys that any of them has in its metadata. */
export const columnsOf = (channels: ChannelFields[]): string[] => {
  const keys = new Set(channels.flatMap(({ integration_meta }) => Object.keys(integration_meta ?? {})));
  return [
    '_id',
    ...Object.keys(parsers),
    ...[...keys].sort().map((key) => metaPrefix + key),
    'createdAt',
    'updatedAt',
    '__v',
  ];
};

/** The cells of a channel. */
export const toCells = (columns: string[], channel: ChannelFields): string[] =>
  columns.map((name) => {
    const key = metaKeyOf(name);
    if (key === undefined) {
      const value = channel[name as keyof ChannelFields];
      if (value === undefined) return '';
      return typeof value === 'string' ? value : JSON.stringify(value);
    }
    const meta = channel.integration_meta ?? {};
    return Object.hasOwn(meta, key) ? formatMetaCell(meta[key]) : '';
  });

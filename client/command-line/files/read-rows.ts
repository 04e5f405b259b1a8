import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { UpsertRow } from '../../types.ts';
import { isNoKey } from '../../upsert-batches.ts';
import { wrong, wrongLine } from '../command-error.ts';
import { scalarAt } from '../metadata-path.ts';
import type { Terminal } from '../terminal.ts';
import { ignoredFields, reasonField, toRow } from './columns.ts';
import { formatCsv, parseCsv } from './csv.ts';
import { parseStrictJson } from './strict-json.ts';

export const formats = ['ndjson', 'csv'] as const;
export type Format = (typeof formats)[number];

/** A row of a file. The service checks it, so any of its fields may be wrong. */
export interface FileRow {
  /** From 1. */
  line: number;
  row: UpsertRow;
}

export interface RowsFile {
  /** The bytes of the file. */
  content: Uint8Array;
  format: Format;
  rows: FileRow[];
  /** Writes rows as they were in the file, each with the reason why it failed, so that they can be corrected and imported. */
  formatFailed(failed: { index: number; reason: string }[]): string;
}

const byteOrderMark = '\uFEFF';

/** @throws CommandError that names the first line that is not UTF-8 */
const decode = (content: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    let line = 1;
    for (let start = 0; ; line++) {
      const end = content.indexOf(0x0a, start);
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(start, end < 0 ? undefined : end));
      } catch {
        throw wrongLine(line, 'The text is not UTF-8. In a spreadsheet, save the file as "CSV UTF-8".');
      }
      start = end + 1;
    }
  }
};

const parseNdjsonLine = (text: string, line: number): Record<string, unknown> => {
  try {
    const value = parseStrictJson(text, line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrongLine(line, 'The line is not JSON. Each line is one channel, as {"name": "Retail", …}.');
  }
  throw wrongLine(line, 'The line is not a JSON object. Each line is one channel, as {"name": "Retail", …}.');
};

const withoutIgnored = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([field]) => !ignoredFields.includes(field)));

const readNdjson = (content: Uint8Array, text: string): RowsFile => {
  const parsed = text.split('\n').flatMap((each, index) => {
    const line = index + 1;
    return each.trim() === '' ? [] : [{ line, object: parseNdjsonLine(each, line) }];
  });
  return {
    content,
    format: 'ndjson',
    rows: parsed.map(({ line, object }) => ({ line, row: withoutIgnored(object) as unknown as UpsertRow })),
    formatFailed: (failed) =>
      failed
        .map(
          ({ index, reason }) => `${JSON.stringify({ ...parsed[index]?.object, [reasonField]: reason })}\n`,
        )
        .join(''),
  };
};

const readCsv = (content: Uint8Array, text: string, match: string): RowsFile => {
  const { delimiter, header, lines } = parseCsv(text);
  if (!header.includes(match))
    throw wrongLine(1, `The header has no column ${match}, which names the channels.`);
  const withReason = (cells: string[], reason: string) => [
    ...cells.filter((_, index) => header[index] !== reasonField),
    reason,
  ];
  return {
    content,
    format: 'csv',
    rows: lines.map(({ line, cells }) => ({
      line,
      row: toRow(header, cells, line) as unknown as UpsertRow,
    })),
    formatFailed: (failed) => {
      const failedLines = failed.map(({ index, reason }) => withReason(lines[index]?.cells ?? [], reason));
      return byteOrderMark + formatCsv([withReason(header, reasonField), ...failedLines], delimiter);
    },
  };
};

const formatsByExtension: Record<string, Format> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
};

/** The format that the name of a file tells. */
export const formatOfName = (name: string): Format | undefined =>
  formatsByExtension[extname(name).toLowerCase()];

/** The text of the key by which a row or a channel is matched. Undefined for a text that counts as no key. */
export const keyOf = (row: { integration_meta?: unknown }, match: string): string | undefined => {
  const text = scalarAt(row.integration_meta, [match.slice('integration_meta.'.length)]);
  return text === undefined || isNoKey(text) ? undefined : text;
};

/** @throws CommandError for a row with the key of an earlier one: only one of them could apply */
const checkKeys = (rows: FileRow[], match: string): void => {
  const lines = new Map<string, number>();
  for (const { line, row } of rows) {
    const key = keyOf(row, match);
    if (key === undefined) continue;
    const earlier = lines.get(key);
    if (earlier !== undefined)
      throw wrongLine(line, `The key ${JSON.stringify(key)} is also on line ${earlier}.`);
    lines.set(key, line);
  }
};

const readContent = async (name: string, { folder, input, signal }: Terminal): Promise<Uint8Array> => {
  // The signal also ends the stream: otherwise it would keep the process alive.
  if (name === '-') return buffer(addAbortSignal(signal, input));
  try {
    return readFileSync(resolve(folder, name));
  } catch (error) {
    throw wrong(`The file ${name} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
};

/**
 * Reads and checks a whole file of rows, NDJSON or CSV, before anything is written. `-` is standard input. Holds the file in
 * memory.
 * @throws CommandError that names the line, for a file that is wrong. The service checks the fields of the rows
 */
export const readRows = async (
  name: string,
  { format, match }: { format: Format | undefined; match: string },
  terminal: Terminal,
): Promise<RowsFile> => {
  const content = await readContent(name, terminal);
  const text = decode(content);
  const guessed = text.trimStart().startsWith('{') ? 'ndjson' : 'csv';
  const chosen = format ?? formatOfName(name) ?? guessed;
  const file = chosen === 'csv' ? readCsv(content, text, match) : readNdjson(content, text);
  checkKeys(file.rows, match);
  return file;
};

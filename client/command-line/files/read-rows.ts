import { extname } from 'node:path';
import type { UpsertRow } from '../../types.ts';
import { isNoKey } from '../../upsert-batches.ts';
import { wrongLine } from '../command-error.ts';
import { scalarAt } from '../metadata-path.ts';
import { sayMessage } from '../output/report.ts';
import type { Terminal } from '../terminal.ts';
import { ignoredFields, reasonField, toRow } from './columns.ts';
import { checkCells, formatCsv, parseCsv } from './csv.ts';
import { mapLines } from './map-lines.ts';
import { readContent } from './read-content.ts';
import { parseStrictJson } from './strict-json.ts';
import { warningsOfCsv } from './warnings.ts';

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
    throw wrongLine(
      line,
      'The line is not JSON. Each line is one channel, for example {"name": "Retail", …}.',
    );
  }
  throw wrongLine(
    line,
    'The line is not a JSON object. Each line is one channel, for example {"name": "Retail", …}.',
  );
};

const withoutIgnored = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([field]) => !ignoredFields.includes(field)));

/** What the checks of a file need. */
interface Checks {
  match: string;
  /** @throws CommandError for a row with the key of an earlier one */
  checkKey(row: FileRow): void;
  warn(warning: string): void;
}

const readNdjson = (content: Uint8Array, text: string, { checkKey }: Checks): RowsFile => {
  const lines = text.split('\n').map((each, index) => ({ line: index + 1, text: each }));
  const filled = lines.filter((each) => each.text.trim() !== '');
  const parsed = mapLines(filled, ({ line, text }) => {
    const object = parseNdjsonLine(text, line);
    const row = withoutIgnored(object) as unknown as UpsertRow;
    checkKey({ line, row });
    return { object, line, row };
  });
  return {
    content,
    format: 'ndjson',
    rows: parsed.map(({ line, row }) => ({ line, row })),
    formatFailed: (failed) =>
      failed
        .map(
          ({ index, reason }) => `${JSON.stringify({ ...parsed[index]?.object, [reasonField]: reason })}\n`,
        )
        .join(''),
  };
};

const readCsv = (content: Uint8Array, text: string, { match, checkKey, warn }: Checks): RowsFile => {
  const csv = parseCsv(text);
  const { delimiter, header, lines } = csv;
  if (!header.includes(match)) {
    const spaced = header.find((name) => name.trim() === match);
    const advice = spaced === undefined ? '' : ` Remove the space from ${JSON.stringify(spaced)}.`;
    throw wrongLine(1, `The header has no column ${match}, which names the channels.${advice}`);
  }
  const rows = mapLines(lines, (line) => {
    checkCells(line, csv);
    const row = { line: line.line, row: toRow(header, line.cells, line.line) as unknown as UpsertRow };
    checkKey(row);
    return row;
  });
  for (const warning of warningsOfCsv(header, lines)) warn(warning);
  const withReason = (cells: string[], reason: string) => [
    ...cells.filter((_, index) => header[index] !== reasonField),
    reason,
  ];
  return {
    content,
    format: 'csv',
    rows,
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

/** The service compares keys with the spaces around them. So a space can make a second channel. */
const warnOfSpaces = (rows: FileRow[], { match, warn }: Checks): void => {
  for (const { line, row } of rows) {
    const key = keyOf(row, match) ?? '';
    const trimmed = key.trim();
    if (key === trimmed) continue;
    warn(
      `Line ${line}: The key ${JSON.stringify(key)} has a space at an end. The space is a part of the key: ${JSON.stringify(trimmed)} is another channel.`,
    );
    return;
  }
};

/** Of several rows with one key, only one could apply. */
const keyChecker = (match: string): Checks['checkKey'] => {
  const lines = new Map<string, number>();
  return ({ line, row }) => {
    const key = keyOf(row, match);
    if (key === undefined) return;
    const earlier = lines.get(key);
    if (earlier !== undefined)
      throw wrongLine(line, `The key ${JSON.stringify(key)} is also on line ${earlier}.`);
    lines.set(key, line);
  };
};

/**
 * Reads and checks a whole file of rows, NDJSON or CSV, before anything is written. `-` is standard input. Holds the file in
 * memory: at most 100 MiB. Warns on standard error of what is allowed, but hardly meant.
 * @throws CommandError that names up to 10 lines, for a file that is wrong. The service checks the fields of the rows
 */
export const readRows = async (
  name: string,
  { format, match, json }: { format: Format | undefined; match: string; json: boolean },
  terminal: Terminal,
): Promise<RowsFile> => {
  const content = await readContent(name, terminal);
  const text = decode(content);
  const guessed = text.trimStart().startsWith('{') ? 'ndjson' : 'csv';
  const chosen = format ?? formatOfName(name) ?? guessed;
  const warn = (warning: string) => sayMessage({ warning }, { json }, terminal);
  const checks = { match, checkKey: keyChecker(match), warn };
  const file = chosen === 'csv' ? readCsv(content, text, checks) : readNdjson(content, text, checks);
  warnOfSpaces(file.rows, checks);
  return file;
};

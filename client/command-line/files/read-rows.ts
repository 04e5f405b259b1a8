import { sayMessage } from '../output/report.ts';
import type { Terminal } from '../terminal.ts';
import { keyChecker, warnOfSpaces } from './check-keys.ts';
import { decode } from './decode.ts';
import { type Format, formatOfName } from './formats.ts';
import { readContent } from './read-content.ts';
import { readCsv } from './read-csv.ts';
import { readNdjson } from './read-ndjson.ts';
import type { RowsFile } from './rows-file.ts';

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
  // Also an export that found nothing.
  const guessed = /^\s*(\{|\[|$)/.test(text) ? 'ndjson' : 'csv';
  const chosen = format ?? formatOfName(name) ?? guessed;
  const warn = (warning: string) => sayMessage({ warning }, { json }, terminal);
  const checks = { match, checkKey: keyChecker(match), warn };
  const file = chosen === 'csv' ? readCsv(content, text, checks) : readNdjson(content, text, checks);
  warnOfSpaces(file.rows, checks);
  return file;
};

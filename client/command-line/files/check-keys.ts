import { wrongLine } from '../command-error.ts';
import { keyOf } from './key.ts';
import type { Checks, FileRow } from './rows-file.ts';

/** Of several rows with one key, only one could apply. */
export const keyChecker = (match: string): Checks['checkKey'] => {
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

/** The service compares keys with the spaces around them. So a space can make a second channel. */
export const warnOfSpaces = (rows: FileRow[], { match, warn }: Checks): void => {
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

import type { UpsertRow } from '../../types.ts';
import { wrongLine } from '../command-error.ts';
import { ignoredFields, reasonField } from './columns.ts';
import { mapLines } from './map-lines.ts';
import type { Checks, RowsFile } from './rows-file.ts';
import { parseStrictJson } from './strict-json.ts';

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

/** @throws CommandError that names the wrong lines */
export const readNdjson = (content: Uint8Array, text: string, { checkKey }: Checks): RowsFile => {
  if (text.trimStart().startsWith('['))
    throw wrongLine(
      1,
      'The file is a JSON array. Write each channel on a line of its own, without commas between.',
    );
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

import type { UpsertRow } from '../../types.ts';
import { wrongLine } from '../command-error.ts';
import { reasonField, toRow } from './columns.ts';
import { checkCells, formatCsv, parseCsv } from './csv.ts';
import { mapLines } from './map-lines.ts';
import type { Checks, RowsFile } from './rows-file.ts';
import { warningsOfCsv } from './warnings.ts';

const byteOrderMark = '\uFEFF';

/** @throws CommandError that names the wrong lines */
export const readCsv = (content: Uint8Array, text: string, { match, checkKey, warn }: Checks): RowsFile => {
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

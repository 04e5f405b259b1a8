import { metaKeyOf } from './columns.ts';
import type { CsvLine } from './csv.ts';

/** Spreadsheets write truth values in capitals and, in many countries, numbers with a comma. In the metadata, both are texts. */
const adviceOn = (cell: string): string | undefined => {
  if (/^(true|false)$/i.test(cell) && cell !== cell.toLowerCase())
    return 'For a truth value, write true or false.';
  if (/^-?\d+,\d+$/.test(cell)) return 'For a number, write only digits and a point, for example 1.5.';
  return undefined;
};

const warningsOfColumn = (column: string, index: number, lines: CsvLine[]): string[] => {
  const key = metaKeyOf(column);
  if (key === undefined) return [];
  const warnings: string[] = [];
  if (key !== key.trim())
    warnings.push(
      `Line 1: The column ${JSON.stringify(column)} has a space at an end. The space is a part of the key ${JSON.stringify(key)}.`,
    );
  const odd = lines.find(({ cells }) => adviceOn(cells[index] ?? ''));
  if (odd) {
    const cell = odd.cells[index] ?? '';
    warnings.push(`Line ${odd.line}: ${column} has the text ${JSON.stringify(cell)}. ${adviceOn(cell)}`);
  }
  return warnings;
};

/** What is allowed in a CSV file, but is hardly meant. Names one line for each column. */
export const warningsOfCsv = (header: string[], lines: CsvLine[]): string[] =>
  header.flatMap((column, index) => warningsOfColumn(column, index, lines));

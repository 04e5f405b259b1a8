import { type CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { wrongLine } from '../command-error.ts';
import { guessColumn, isKnownColumn, similarColumn } from './columns.ts';
import { mapLines } from './map-lines.ts';

/** A line of a CSV file. With quotes, it can span several lines of text; `line` is the first of them. */
export interface CsvLine {
  line: number;
  cells: string[];
}

const delimiters = [',', ';', '\t'];
const names: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' };

const sentences: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote is opened and never closed.',
  INVALID_OPENING_QUOTE: 'A quote stands inside a cell that does not begin with one.',
  CSV_INVALID_CLOSING_QUOTE:
    'Text follows the closing quote of a cell. A quote inside a cell is written twice.',
};

/** @param count reads only so many lines */
const parseLines = (text: string, delimiter: string, count?: number): CsvLine[] => {
  const lines: CsvLine[] = [];
  let line = 1;
  try {
    parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      ...(count !== undefined && { to: count }),
      on_record: (cells: string[], { lines: last }) => {
        lines.push({ line, cells });
        line = last + 1;
        return null;
      },
    });
  } catch (error) {
    const { code, message } = error as CsvError;
    throw wrongLine(line, sentences[code] ?? message);
  }
  return lines;
};

interface Candidate {
  delimiter: string;
  header: string[];
}

const attempt = <Result>(run: () => Result): Result | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};

const isSimilarColumn = (name: string): boolean => similarColumn(name) !== undefined;

/** The delimiter of a file is the one that makes the most known columns of its first line, or else the most similar ones. */
const findDelimiter = (text: string): Candidate => {
  const candidates = delimiters.map((delimiter) => {
    // In quotes, the wrong delimiter can make a line that is no CSV.
    const cells = attempt(() => parseLines(text, delimiter, 1)[0]?.cells) ?? [];
    return { delimiter, header: cells.map((name) => (isKnownColumn(name) ? name : name.trim())) };
  });
  const count = ({ header }: Candidate, isColumn: (name: string) => boolean) =>
    header.filter(isColumn).length;
  return candidates.reduce((best, each) => {
    const more = count(each, isKnownColumn) - count(best, isKnownColumn);
    return (more || count(each, isSimilarColumn) - count(best, isSimilarColumn)) > 0 ? each : best;
  });
};

const checkHeader = (header: string[]): void => {
  if (header.join('') === '')
    throw wrongLine(1, 'The file is empty. The first line of CSV names the columns.');
  if (/^sep=/i.test(header[0] ?? ''))
    throw wrongLine(1, 'Remove the line that begins with "sep=". The separator is recognised without it.');
  if (!header.some((name) => isKnownColumn(name) || isSimilarColumn(name)))
    throw wrongLine(
      1,
      'The first line must be a header that names the columns, for example name,integration_meta.external_id,integration_meta.region. They are separated by commas, semicolons or tabs.',
    );
  mapLines([...header.entries()], ([index, name]) => {
    if (name === '')
      throw wrongLine(1, `The column ${index + 1} of the header has no name. Name it, or remove it.`);
    if (!isKnownColumn(name))
      throw wrongLine(
        1,
        `The header has the unknown column ${JSON.stringify(name)}. Did you mean ${guessColumn(name)}?`,
      );
  });
  const repeated = header.find((name, index) => header.indexOf(name) < index);
  if (repeated !== undefined)
    throw wrongLine(1, `The header has the column ${JSON.stringify(repeated)} twice.`);
};

export interface CsvFile {
  delimiter: string;
  header: string[];
  lines: CsvLine[];
}

/**
 * Parses CSV as spreadsheets write it. Lines without any text are left out: spreadsheets write them for rows that were
 * cleared. A line may have too few or too many cells.
 * @throws CommandError for a file without a header, and for wrong quotes
 */
export const parseCsv = (text: string): CsvFile => {
  const { delimiter, header } = findDelimiter(text);
  checkHeader(header);
  const [, ...lines] = parseLines(text, delimiter);
  return { delimiter, header, lines: lines.filter(({ cells }) => cells.some((cell) => cell !== '')) };
};

/** @throws CommandError for a line that has not as many cells as the header */
export const checkCells = ({ line, cells }: CsvLine, { header, delimiter }: CsvFile): void => {
  if (cells.length !== header.length)
    throw wrongLine(
      line,
      `The line has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, and the header has ${header.length}. Cells are separated by ${names[delimiter]}. A cell that contains the separator stands in quotes.`,
    );
};

/** Writes lines of CSV. Without quotes, line breaks of any kind would end a line. */
export const formatCsv = (lines: string[][], delimiter = ','): string =>
  stringify(lines, { delimiter, quoted_match: /[\r\n]/ });

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { wrong } from '../command-error.ts';
import type { Terminal } from '../terminal.ts';
import { withFile } from './file-error.ts';

/** Such a file can have more than a million rows. With them, it takes up to 2 GB of memory. */
export const maxMebibytes = 100;
const maxBytes = maxMebibytes * 1024 * 1024;

const tooLarge = (name: string) =>
  wrong(`${name} has more than ${maxMebibytes} MiB, the most that this command reads.`);

const readInput = async (input: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge('The standard input');
  }
  return Buffer.concat(chunks);
};

const zip = Buffer.from('PK\u0003\u0004');
const oldOffice = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/**
 * Reads the bytes of a file; `-` is standard input.
 * @throws CommandError for a file that can't be read, has more than 100 MiB, or is a workbook of a spreadsheet
 */
export const readContent = async (name: string, { folder, input, signal }: Terminal): Promise<Uint8Array> => {
  const path = resolve(folder, name);
  const readFile = () => {
    if (withFile(path, 'read', () => statSync(path)).size > maxBytes) throw tooLarge(`The file ${path}`);
    return withFile(path, 'read', () => readFileSync(path));
  };
  // The signal also ends the stream: otherwise it would keep the process alive.
  const content = name === '-' ? await readInput(addAbortSignal(signal, input)) : readFile();
  if ([zip, oldOffice].some((start) => start.equals(content.subarray(0, start.length))))
    throw wrong('The file is a workbook. In the spreadsheet, save it as "CSV UTF-8".');
  return content;
};

import { extname } from 'node:path';

export const formats = ['ndjson', 'csv'] as const;
export type Format = (typeof formats)[number];

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

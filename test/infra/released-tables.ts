import { readFileSync } from 'node:fs';
import type { TableSchema } from './index-changes.ts';

/** The tables as the last release has them (docs/operations.md, "After a release"). */
export const readReleasedTables = (): {
  channels: TableSchema;
  directory: TableSchema;
  accessKeys: TableSchema;
} => JSON.parse(readFileSync(new URL('./released-tables.json', import.meta.url), 'utf8'));

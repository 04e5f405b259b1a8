import { readFileSync } from 'node:fs';
import type { TableSchema } from './index-changes.ts';

/** Reads the tables of the last release (docs/operations.md, "After a release"). */
export const readReleasedTables = (): {
  channels: TableSchema;
  projections: TableSchema;
  history: TableSchema;
  apiKeys: TableSchema;
} => JSON.parse(readFileSync(new URL('./released-tables.json', import.meta.url), 'utf8'));

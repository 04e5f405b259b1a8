import type { Channel } from '../../types.ts';
import { defaultMatch, type UpsertOptions } from '../../upsert.ts';
import type { UpsertedRow } from '../../upsert-all.ts';
import { toUpsertBatches } from '../../upsert-batches.ts';
import { keyOf } from '../files/key.ts';
import type { FileRow } from '../files/rows-file.ts';
import { explainFailure } from './explain-failure.ts';
import { isChange, type Journal, type Planned, toOutcome } from './journal.ts';
import type { Connection } from './own-version.ts';
import { type Entry, sendRows } from './send-rows.ts';

/** Cuts entries into batches that fit into one request each. */
async function* cut(entries: Entry[], options: UpsertOptions): AsyncGenerator<Entry[], void, undefined> {
  let start = 0;
  const rows = entries.map(({ row }) => row);
  for await (const batch of toUpsertBatches(rows, options)) {
    yield entries.slice(start, start + batch.length);
    start += batch.length;
  }
}

const upsert = async (
  { client, signal }: Connection,
  entries: Entry[],
  options: UpsertOptions,
): Promise<UpsertedRow[]> => {
  const rows = entries.map(({ row }) => row);
  const results: UpsertedRow[] = [];
  for await (const result of client.upsertAll(rows, { ...options, signal }))
    results.push(explainFailure(result, options));
  return results;
};

/** The result of a dry run. The index is the one of the row in the file. */
export type DryResult = Omit<UpsertedRow, 'row'>;

/**
 * Says what rows would do, and writes nothing. A response holds at most 5 MiB of channels. If some are missing, this asks
 * again for fewer rows at a time.
 */
const dryRun = async (
  connection: Connection,
  entries: Entry[],
  options: UpsertOptions,
): Promise<DryResult[]> => {
  const results = await upsert(connection, entries, { ...options, dryRun: true });
  const lacksChannel = results.some(
    ({ result, channel }) => result !== 'failed' && result !== 'unchanged' && !channel,
  );
  if (lacksChannel && entries.length > 1) {
    const middle = Math.ceil(entries.length / 2);
    return [
      ...(await dryRun(connection, entries.slice(0, middle), options)),
      ...(await dryRun(connection, entries.slice(middle), options)),
    ];
  }
  return results.map(({ row: _, ...result }, position) => ({
    ...result,
    index: (entries[position] as Entry).index,
  }));
};

/** Says what all rows of a file would do, and writes nothing. */
export async function* dryRunRows(
  connection: Connection,
  rows: FileRow[],
  options: UpsertOptions,
): AsyncGenerator<DryResult[], void, undefined> {
  const entries = rows.map(({ row }, index) => ({ index, row }));
  for await (const batch of cut(entries, options)) yield dryRun(connection, batch, options);
}

const toPlanned = ({ index, result, channel, previous }: DryResult, key: string | undefined): Planned => {
  const before = result === 'deleted' ? channel : previous;
  return {
    index,
    result,
    ...(key !== undefined && { key }),
    ...(before && { channel: before as Channel }),
  };
};

/**
 * Does the rows of a file that have no outcome in the journal yet. Rows that were planned before are sent first. Of the other rows, each
 * batch is tried in a dry run. What it would change is written into the journal, with the channels as they were, and then sent. A row
 * that would change nothing, or that would fail, is not sent.
 * @param onProgress is called after each batch
 */
export const applyRows = async (
  connection: Connection,
  journal: Journal,
  rows: FileRow[],
  options: UpsertOptions,
  onProgress: () => void,
): Promise<void> => {
  const { match = defaultMatch } = options;
  const entries = rows.map(({ row }, index) => ({ index, row }));
  const left = entries.filter(({ index }) => !journal.outcomes.has(index));
  const planned = left.filter(({ index }) => journal.planned.has(index));
  for await (const batch of cut(planned, options)) {
    await sendRows(connection, journal, batch, options);
    onProgress();
  }
  const fresh = left.filter(({ index }) => !journal.planned.has(index));
  for await (const batch of cut(fresh, options)) {
    const results = await dryRun(connection, batch, options);
    const changes = results.filter(({ result }) => isChange(result));
    const others = results.filter(({ result }) => !isChange(result));
    journal.record(others.map((each) => toOutcome(each, each.index)));
    const toWrite = changes.map((each) => toPlanned(each, keyOf((rows[each.index] as FileRow).row, match)));
    if (toWrite.length) journal.append({ step: 'before', rows: toWrite });
    const changing = new Set(changes.map(({ index }) => index));
    await sendRows(
      connection,
      journal,
      batch.filter(({ index }) => changing.has(index)),
      options,
    );
    onProgress();
  }
};

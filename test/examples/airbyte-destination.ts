import type { Channel } from '../../client/index.ts';

/** A row of the source, with Airbyte's columns for change data. */
type Row = Channel & { _ab_cdc_cursor: number; _ab_cdc_updated_at: string; _ab_cdc_deleted_at?: string };

interface StoredRow {
  row: Row;
  generation: number;
}

/**
 * Does what Airbyte and a destination do in the sync mode "Incremental | Append + Deduped", with hard deletions:
 * - It commits rows together with the state that follows them, and starts the next sync from the last state that it committed.
 * - Of the rows with the same primary key, it keeps the one with the largest cursor, and removes those with `_ab_cdc_deleted_at`.
 * - After a refresh that is complete, it drops the rows of earlier generations.
 */
export class AirbyteDestination {
  state: unknown[] = [];
  generation = 0;
  minimumGeneration = 0;
  readonly #rows = new Map<string, StoredRow>();

  /** Forgets the state, as "Refresh and remove records" does. */
  refresh(): void {
    this.state = [];
    this.generation += 1;
    this.minimumGeneration = this.generation;
  }

  /**
   * Takes what the source printed.
   * @returns the number of rows that were committed, and the message of the error if there was one
   */
  take(output: string): { committed: number; error?: string } {
    let pending: Row[] = [];
    let committed = 0;
    let error: string | undefined;
    for (const line of output.split('\n').slice(0, -1)) {
      const { type, record, state, trace } = JSON.parse(line);
      if (type === 'RECORD') pending.push(record.data);
      if (type === 'STATE') {
        for (const row of pending) this.#store(row);
        committed += pending.length;
        pending = [];
        this.state = [state];
      }
      if (trace?.type === 'ERROR') error ??= trace.error.message;
      if (trace?.stream_status?.status === 'COMPLETE') this.#dropEarlierGenerations();
    }
    return { committed, ...(error !== undefined && { error }) };
  }

  #store(row: Row): void {
    const stored = this.#rows.get(row._id);
    if (stored && stored.row._ab_cdc_cursor >= row._ab_cdc_cursor) return;
    this.#rows.set(row._id, { row, generation: this.generation });
  }

  #dropEarlierGenerations(): void {
    for (const [id, { generation }] of this.#rows)
      if (generation < this.minimumGeneration) this.#rows.delete(id);
  }

  channels(): Channel[] {
    return [...this.#rows.values()]
      .filter(({ row }) => row._ab_cdc_deleted_at === undefined)
      .map(({ row: { _ab_cdc_cursor, _ab_cdc_updated_at, ...channel } }) => channel);
  }
}

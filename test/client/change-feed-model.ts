import type { ChangeRow } from '../../client/index.ts';

interface Place {
  generation: number;
  /** In the first reading: the last id that was brought. */
  walkedTo?: string;
  /** How many entries of the log were brought. */
  n: number;
}

/**
 * The changes of one namespace as the contract has them, in memory. It expires cursors and ends pages when a test wants it,
 * which a real service does only after months or by chance.
 */
export class ChangeFeedModel {
  /** The versions of the channels that are there. */
  readonly versions = new Map<string, number>();
  /** How many channels or changes the next pages have. With 0 they are empty although more follow. */
  pageSize = 100;
  #log: string[] = [];
  #generation = 0;
  #lastVersion = 0;

  write(id: string): void {
    this.versions.set(id, ++this.#lastVersion);
    this.#log.push(id);
  }

  delete(id: string): void {
    if (this.versions.delete(id)) this.#log.push(id);
  }

  /** Makes all cursors so far too old. The service does not know the changes before any more. */
  expireCursors(): void {
    this.#generation++;
    this.#log = [];
  }

  readonly fetch: typeof fetch = async (input) => {
    const cursor = new URL(String(input)).searchParams.get('cursor');
    const place: Place = cursor
      ? JSON.parse(cursor)
      : { generation: this.#generation, walkedTo: '', n: this.#log.length };
    if (place.generation !== this.#generation)
      return Response.json(
        { success: false, error: 'The cursor is too old.', code: 'cursor_expired', request_id: 'r' },
        { status: 410 },
      );
    const [ids, next] =
      place.walkedTo === undefined ? this.#readLog(place) : this.#walk(place, place.walkedTo);
    const has_more = next.walkedTo !== undefined || next.n < this.#log.length;
    const pagination = { per_page: 100, next_cursor: JSON.stringify(next), has_more };
    return Response.json({ success: true, data: ids.map((id) => this.#rowOf(id)), pagination });
  };

  #walk({ generation, n }: Place, after: string): [string[], Place] {
    const left = [...this.versions.keys()].filter((id) => id > after).sort();
    const ids = left.slice(0, this.pageSize);
    const isAtEnd = ids.length === left.length;
    return [ids, { generation, n, ...(!isAtEnd && { walkedTo: ids.at(-1) ?? after }) }];
  }

  #readLog({ generation, n }: Place): [string[], Place] {
    const entries = this.#log.slice(n, n + this.pageSize);
    return [[...new Set(entries)], { generation, n: n + entries.length }];
  }

  #rowOf(_id: string): ChangeRow {
    const changed_at = '2026-11-28T10:00:00.000Z';
    const __v = this.versions.get(_id);
    if (__v === undefined) return { type: 'delete', _id, changed_at };
    const channel = { _id, name: _id, disabled: false, company_namespace: ['a'], __v };
    return {
      type: 'upsert',
      channel: { ...channel, createdAt: changed_at, updatedAt: changed_at },
      changed_at,
    };
  }
}

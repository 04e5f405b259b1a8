import type { Channel } from '../../types.ts';
import { CommandError, exitCodes } from '../command-error.ts';
import { type FileRow, keyOf } from '../files/read-rows.ts';
import { scalarAt, type Where } from '../metadata-path.ts';
import type { Planned } from './journal.ts';
import type { Connection } from './own-version.ts';

/** The channels that a sync deletes: those that are selected, and whose key is not in the file. */
/** @throws CommandError if these are too many deletions */
export const checkDeletions = (
  { selected, rows }: { selected: number; rows: unknown[] },
  maxDeletes: (selected: number) => number,
): void => {
  const allowed = Math.floor(maxDeletes(selected));
  if (rows.length > allowed)
    throw new CommandError(
      exitCodes.failed,
      `This would delete ${rows.length} of the ${selected} channels that --where selects. --max-deletes allows ${allowed}. This command wrote nothing.`,
    );
};

export class Selection {
  readonly #where: Where;
  readonly #match: string;
  readonly #keys: Set<string | undefined>;
  readonly #rows: number;

  constructor(rows: FileRow[], where: Where, match: string) {
    this.#where = where;
    this.#match = match;
    this.#rows = rows.length;
    this.#keys = new Set(rows.map(({ row }) => keyOf(row, match)));
  }

  #isSelected = ({ integration_meta }: Channel): boolean =>
    scalarAt(integration_meta, this.#where.path) === this.#where.value;

  readonly isToDelete = (channel: Channel): boolean =>
    this.#isSelected(channel) && !this.#keys.has(keyOf(channel, this.#match));

  /**
   * Reads all channels, because a list by metadata may be too broad for the service.
   * @throws CommandError if too many channels would be deleted
   */
  async planDeletions(
    { client, signal }: Connection,
    maxDeletes: (selected: number) => number,
  ): Promise<{ selected: number; rows: (Planned & { channel: Channel })[] }> {
    let selected = 0;
    const toDelete: Channel[] = [];
    for await (const channel of client.all({}, { signal })) {
      if (this.#isSelected(channel)) selected++;
      if (this.isToDelete(channel)) toDelete.push(channel);
    }
    checkDeletions({ selected, rows: toDelete }, maxDeletes);
    const rows = toDelete.map((channel, position) => {
      const key = keyOf(channel, this.#match);
      const index = this.#rows + position;
      return { index, result: 'deleted' as const, ...(key !== undefined && { key }), channel };
    });
    return { selected, rows };
  }
}

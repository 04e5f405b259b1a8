import type { Channel } from '../../types.ts';
import { CommandError, exitCodes } from '../command-error.ts';
import { keyOf } from '../files/key.ts';
import type { FileRow } from '../files/rows-file.ts';
import { scalarAt, type Where } from '../metadata-path.ts';
import type { Planned } from './journal.ts';
import type { Connection } from './own-version.ts';

/** How many channels a refusal names. */
const maxNamed = 10;

const describe = ({ key, channel }: Planned): string =>
  `  ${key ?? channel?._id}  ${JSON.stringify(channel?.name)}\n`;

/** @throws CommandError that names the first of them, if these are too many deletions */
export const checkDeletions = (
  { selected, rows }: { selected: number; rows: Planned[] },
  maxDeletes: (selected: number) => number,
  consequence = 'This command wrote nothing. With --dry-run, it shows all that it would do.',
): void => {
  const allowed = Math.floor(maxDeletes(selected));
  if (rows.length <= allowed) return;
  const named = rows.slice(0, maxNamed).map(describe).join('');
  const others = rows.length > maxNamed ? `  … and ${rows.length - maxNamed} more\n` : '';
  throw new CommandError(
    exitCodes.failed,
    `This would delete ${rows.length} of the ${selected} channels that --where selects:\n${named}${others}--max-deletes allows ${allowed}. ${consequence}`,
  );
};

/** The channels that a sync deletes: those that are selected, and whose key is not in the file. */
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

  /** Reads all channels, because a list by metadata may be too broad for the service. */
  async planDeletions({
    client,
    signal,
  }: Connection): Promise<{ selected: number; rows: (Planned & { channel: Channel })[] }> {
    let selected = 0;
    const toDelete: Channel[] = [];
    for await (const channel of client.all({}, { signal })) {
      if (this.#isSelected(channel)) selected++;
      if (this.isToDelete(channel)) toDelete.push(channel);
    }
    const rows = toDelete.map((channel, position) => {
      const key = keyOf(channel, this.#match);
      const index = this.#rows + position;
      return { index, result: 'deleted' as const, ...(key !== undefined && { key }), channel };
    });
    return { selected, rows };
  }
}

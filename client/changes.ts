import { ChannelsError } from './channels-error.ts';
import type { Channel } from './types.ts';

/** A channel as it is now, or the id of a channel that is not there any more. */
export type ChangeRow =
  | { type: 'upsert'; channel: Channel; changed_at: string }
  | { type: 'delete'; _id: string; changed_at: string };

export interface ChangesOptions {
  /** The `position` of the last page that was applied. Without it, or if it is empty, the reading starts from the beginning. */
  position?: string | null | undefined;
  /** Leaves out the changes that the caller's own key made. It has no effect until a reading is complete. */
  excludeSelf?: boolean;
  /** The most changes of a page: 1 to 100 (default 100). A page may have fewer, or none. */
  perPage?: number;
}

export interface ChangesPage {
  /** Apply them in this order. */
  changes: ChangeRow[];
  /** Where to go on. Store it together with the applied changes, or after them: also after the drop, if there is one. */
  position: string;
  /**
   * The id of the reading. Store it with each channel of the copy that the page brings. Pages from one beginning have the
   * same id, also after a stop.
   */
  reading: string;
  /**
   * True on one page of each reading: by then, the reading has brought every channel. Drop all channels of the copy that have
   * the id of another reading.
   */
  completesReading: boolean;
}

/** The answer of the service. */
export interface ChangesAnswer {
  data: ChangeRow[];
  pagination: { next_cursor: string; has_more: boolean };
}

/** What a position holds. */
interface Place {
  reading: string;
  isComplete: boolean;
  /** Absent at the beginning. */
  cursor?: string;
}

const beginning = (): Place => ({ reading: crypto.randomUUID(), isComplete: false });

const parsePosition = (position: string): Place => {
  try {
    const { reading, isComplete, cursor } = JSON.parse(position);
    if (typeof reading === 'string' && typeof isComplete === 'boolean' && typeof cursor === 'string')
      return { reading, isComplete, cursor };
  } catch {}
  throw new Error(
    'The position is not one that `changes` has returned. Without one, it starts from the beginning.',
  );
};

/** Whether the service says that the cursor is too old. Without a cursor, a new beginning would not help. */
const isExpired = ({ cursor }: Place, error: unknown): boolean =>
  cursor !== undefined && error instanceof ChannelsError && error.code === 'cursor_expired';

/**
 * Reads page after page until there are no more changes. If the service does not know the cursor any more, this begins a new
 * reading. Deletions may be missing then. So the page that completes a reading asks the caller to drop what it did not bring.
 */
export async function* readChanges(
  readPage: (cursor: string | undefined) => Promise<ChangesAnswer>,
  position: ChangesOptions['position'],
): AsyncGenerator<ChangesPage, void, undefined> {
  let place = position ? parsePosition(position) : beginning();
  for (;;) {
    const answer = await readPage(place.cursor).catch((error: unknown) => {
      if (!isExpired(place, error)) throw error;
    });
    if (!answer) {
      place = beginning();
      continue;
    }
    const { data, pagination } = answer;
    const completesReading = !place.isComplete && !pagination.has_more;
    place = {
      reading: place.reading,
      isComplete: place.isComplete || completesReading,
      cursor: pagination.next_cursor,
    };
    yield { changes: data, position: JSON.stringify(place), reading: place.reading, completesReading };
    if (!pagination.has_more) return;
  }
}

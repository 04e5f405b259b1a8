import { ApiError } from '../api-error.ts';
import { openText, type SealSecrets, sealText } from '../sealed-text.ts';

/**
 * A position between two channels of a sorted list. It is defined by one of the two channels, so it stays valid if the
 * list changes, and even if that channel is deleted.
 */
export interface CursorPosition {
  /** The values by which the list sorts that channel. The last one is its id. */
  sortValues: (string | number | boolean | null)[];
  /** Whether the position is before or after that channel, in the order of the list. */
  side: 'before' | 'after';
}

export interface Cursor extends CursorPosition {
  /** The order of the list, as text. A cursor is valid only for a list with the same order and filter. */
  order: string;
  /** The filter of the list, as text. */
  filter: string;
  /** How many channels were before the position when the cursor was made. */
  offset: number;
  /** Whether the page ends at the position. Otherwise it begins there. */
  backward: boolean;
}

const format = 1;

const purposeFor = (namespace: string) => `client-channels cursor ${format} ${namespace}`;

/**
 * Makes the text of a cursor for a client. It is sealed and bound to the namespace, so that a client can neither read nor
 * change it, nor use it in another namespace.
 */
export const sealCursor = (
  { order, filter, offset, backward, side, sortValues }: Cursor,
  namespace: string,
  secrets: SealSecrets,
): string => {
  const text = JSON.stringify([order, filter, offset, backward, side, sortValues]);
  return sealText(text, format, purposeFor(namespace), secrets);
};

const invalidCursor = (cause: unknown) =>
  new ApiError('invalid_cursor', 'The cursor is not valid: start again without a cursor.', { cause });

/**
 * Opens a text that `sealCursor` made.
 * @throws ApiError `invalid_cursor` for any other text: of another namespace, sealed with a secret that is gone,
 * changed, or encoded differently
 */
export const openCursor = (text: string, namespace: string, secrets: SealSecrets): Cursor => {
  try {
    const opened = openText(text, format, purposeFor(namespace), secrets);
    const [order, filter, offset, backward, side, sortValues] = JSON.parse(opened);
    return { order, filter, offset, backward, side, sortValues };
  } catch (cause) {
    throw invalidCursor(cause);
  }
};

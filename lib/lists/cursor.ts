import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ApiError } from '../api-error.ts';

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

/** The secrets that seal cursors: 32 bytes each, in hex. After a rotation, the previous one still opens cursors. */
export interface CursorSecrets {
  current: string;
  previous?: string | undefined;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

const associatedData = (namespace: string) => Buffer.from(`client-channels cursor ${version} ${namespace}`);

/**
 * Makes the text of a cursor for a client. It is encrypted and authenticated with AES-256-GCM (NIST SP 800-38D) and
 * bound to the namespace, so that a client can neither read nor change it, nor use it in another namespace.
 */
export const sealCursor = (
  { order, filter, offset, backward, side, sortValues }: Cursor,
  namespace: string,
  secrets: CursorSecrets,
): string => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(secrets.current, 'hex'), nonce);
  cipher.setAAD(associatedData(namespace));
  const text = JSON.stringify([order, filter, offset, backward, side, sortValues]);
  const sealed = Buffer.concat([
    Buffer.of(version),
    nonce,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return sealed.toString('base64url');
};

const invalidCursor = (cause?: unknown) =>
  new ApiError('invalid_cursor', 'The cursor is not valid: start again without a cursor.', { cause });

const decrypt = (bytes: Buffer, namespace: string, secret: string): string => {
  const decipher = createDecipheriv(
    'aes-256-gcm',
    Buffer.from(secret, 'hex'),
    bytes.subarray(1, 1 + nonceBytes),
    { authTagLength: tagBytes },
  );
  decipher.setAAD(associatedData(namespace));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([
    decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)),
    decipher.final(),
  ]).toString();
};

/**
 * Opens a text that `sealCursor` made.
 * @throws ApiError `invalid_cursor` for any other text: of another namespace, sealed with a secret that is gone,
 * changed, or encoded differently
 */
export const openCursor = (text: string, namespace: string, secrets: CursorSecrets): Cursor => {
  const bytes = Buffer.from(text, 'base64url');
  // Decoding is lenient: several texts decode to the same bytes, but `sealCursor` made only one of them.
  const isWellFormed = bytes.toString('base64url') === text && bytes[0] === version;
  if (!isWellFormed || bytes.byteLength <= 1 + nonceBytes + tagBytes) throw invalidCursor();
  let failure: unknown;
  for (const secret of [secrets.current, secrets.previous]) {
    if (secret === undefined) continue;
    try {
      const [order, filter, offset, backward, side, sortValues] = JSON.parse(
        decrypt(bytes, namespace, secret),
      );
      return { order, filter, offset, backward, side, sortValues };
    } catch (cause) {
      failure = cause;
    }
  }
  throw invalidCursor(failure);
};

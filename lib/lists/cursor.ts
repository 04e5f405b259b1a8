import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ApiError } from '../errors.ts';

/**
 * A place between two channels of a sorted list, told by one of the two: the list may change around it, and the place
 * stays.
 */
export interface CursorPosition {
  /** The values by which the list is sorted, of the channel that the gap lies beside; its id is the last. */
  sortValues: (string | number | boolean | null)[];
  /** Whether the gap lies behind that channel, in the list's order, or before it. */
  side: 'before' | 'after';
}

export interface Cursor extends CursorPosition {
  /** The order and the filters of the list, each as a text; where they differ, so does the list. */
  order: string;
  filter: string;
  /** How many channels stood before the gap when the cursor was made. */
  offset: number;
  /** Whether the page to read ends at the gap, rather than begins there. */
  backward: boolean;
}

/** 32 bytes in hex: the key that seals, and after a rotation the one that was before it. */
export interface CursorSecrets {
  current: string;
  previous?: string | undefined;
}

const version = 1;
const nonceLength = 12;
const tagLength = 16;

const associated = (namespace: string) => Buffer.from(`client-channels cursor ${version} ${namespace}`);

/**
 * A cursor as clients get it: encrypted and authenticated with AES-256-GCM (NIST SP 800-38D), bound to the namespace.
 * It shows nothing of what it holds, and whoever changes a bit of it has no cursor any more.
 */
export const sealCursor = (
  { order, filter, offset, backward, side, sortValues }: Cursor,
  namespace: string,
  keys: CursorSecrets,
): string => {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(keys.current, 'hex'), nonce);
  cipher.setAAD(associated(namespace));
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

const invalid = (cause?: unknown) =>
  new ApiError('invalid_cursor', 'The cursor is not one of this list: begin again without it.', { cause });

const open = (bytes: Buffer, namespace: string, key: string): string => {
  const decipher = createDecipheriv(
    'aes-256-gcm',
    Buffer.from(key, 'hex'),
    bytes.subarray(1, 1 + nonceLength),
    { authTagLength: tagLength },
  );
  decipher.setAAD(associated(namespace));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  return Buffer.concat([
    decipher.update(bytes.subarray(1 + nonceLength, -tagLength)),
    decipher.final(),
  ]).toString();
};

/**
 * Opens what `sealCursor` made.
 * @throws ApiError `invalid_cursor` for anything else: another namespace's, one whose key is gone, one that was
 * changed, or written in another way than it was given out.
 */
export const openCursor = (text: string, namespace: string, keys: CursorSecrets): Cursor => {
  const bytes = Buffer.from(text, 'base64url');
  // Decoding is lenient: several texts stand for the same bytes, and only one of them was given out.
  const isOurForm = bytes.toString('base64url') === text && bytes[0] === version;
  if (!isOurForm || bytes.byteLength <= 1 + nonceLength + tagLength) throw invalid();
  let failure: unknown;
  for (const key of [keys.current, keys.previous]) {
    if (key === undefined) continue;
    try {
      const [order, filter, offset, backward, side, sortValues] = JSON.parse(open(bytes, namespace, key));
      return { order, filter, offset, backward, side, sortValues };
    } catch (cause) {
      failure = cause;
    }
  }
  throw invalid(failure);
};

import { createHash } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import { decodeExactly, type SealSecrets, seal, sealBytes, unseal } from '../sealed-text.ts';

/** How far a reader of the changes has come. */
export interface ChangeCursor {
  /** Whether the reader goes through the channels of the namespace first, or reads the log. */
  phase: 'channels' | 'log';
  /** The change log that the numbers belong to. */
  generation: string;
  /** The number of the last entry of the log that the reader knows. */
  number: number;
  /** The id of the last channel that was read in the phase `channels`. */
  lastId: string;
  /** When the first reading began. Milliseconds since the epoch. */
  beganAt: number;
  /** When the first reading was complete. Milliseconds since the epoch; null until then. */
  completedAt: number | null;
  /** The cursor expires 90 days after this time. Milliseconds since the epoch. */
  time: number;
}

const format = 2;
const secretIdBytes = 4;
const checksumBytes = 4;
const overhead = 1 + secretIdBytes + sealBytes + checksumBytes;

const purposeFor = (namespace: string) => `client-channels read-changes ${format} ${namespace}`;

const hash = (data: string | Buffer) => createHash('sha256').update(data).digest();
const secretIdOf = (secret: string) => hash(`id of ${secret}`).subarray(0, secretIdBytes);
const checksumOf = (bytes: Buffer) => hash(bytes).subarray(0, checksumBytes);

const invalidCursor = (cause?: unknown) =>
  new ApiError(
    'invalid_cursor',
    'The cursor is not valid: send the last next_cursor of this namespace, unchanged.',
    { cause },
  );

export const cursorExpired = () =>
  new ApiError(
    'cursor_expired',
    'The cursor has expired: read again without a cursor until has_more is false, then drop every channel that this did not bring.',
  );

/**
 * Makes the text of a cursor for a client. It is sealed and bound to the operation and the namespace. It names its secret, so
 * that a cursor whose secret is gone can be told from one that was changed. (For the same reason it ends with a checksum.)
 */
export const sealChangeCursor = (
  { phase, generation, number, lastId, beganAt, completedAt, time }: ChangeCursor,
  namespace: string,
  { current }: SealSecrets,
): string => {
  const text = JSON.stringify([phase, generation, number, lastId, beganAt, completedAt, time]);
  const sealed = seal(text, purposeFor(namespace), current);
  const named = Buffer.concat([Buffer.of(format), secretIdOf(current), sealed]);
  return Buffer.concat([named, checksumOf(named)]).toString('base64url');
};

/**
 * Opens a text that `sealChangeCursor` made.
 * @throws ApiError `cursor_expired` if the secret that sealed it is gone; `invalid_cursor` for any other text
 */
export const openChangeCursor = (text: string, namespace: string, secrets: SealSecrets): ChangeCursor => {
  const bytes = decodeExactly(text);
  if (bytes?.[0] !== format || bytes.byteLength <= overhead) throw invalidCursor();
  const named = bytes.subarray(0, -checksumBytes);
  if (!checksumOf(named).equals(bytes.subarray(-checksumBytes))) throw invalidCursor();
  const secretId = named.subarray(1, 1 + secretIdBytes);
  const secret = [secrets.current, secrets.previous].find((one) => one && secretIdOf(one).equals(secretId));
  if (secret === undefined) throw cursorExpired();
  try {
    const opened = unseal(named.subarray(1 + secretIdBytes), purposeFor(namespace), secret);
    const [phase, generation, number, lastId, beganAt, completedAt, time] = JSON.parse(opened);
    return { phase, generation, number, lastId, beganAt, completedAt, time };
  } catch (cause) {
    throw invalidCursor(cause);
  }
};

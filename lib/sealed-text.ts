import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** The secrets that seal texts: 32 bytes each, in hex. After a rotation, the previous one still opens texts. */
export interface SealSecrets {
  current: string;
  previous?: string | undefined;
}

const nonceBytes = 12;
const tagBytes = 16;

/** How many bytes a sealed text has more than the text itself. */
export const sealBytes = nonceBytes + tagBytes;

/**
 * Encrypts and authenticates a text with AES-256-GCM (NIST SP 800-38D), so that a client can neither read nor change it.
 * @param purpose must be the same when the text is opened: what the text is for, and for whom
 */
export const seal = (text: string, purpose: string, secret: string): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(secret, 'hex'), nonce);
  cipher.setAAD(Buffer.from(purpose));
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
};

/**
 * Opens what `seal` made.
 * @throws Error if the bytes were changed, or sealed for another purpose or with another secret
 */
export const unseal = (bytes: Buffer, purpose: string, secret: string): string => {
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(secret, 'hex'), nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString();
};

/**
 * Decodes base64url strictly. Decoding is lenient by itself: several texts decode to the same bytes, but encoding made only
 * one of them.
 * @returns undefined for any other text
 */
export const decodeExactly = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
};

/**
 * Seals a text for a client, in base64url. It begins with a byte that names its format.
 * @param format differs for each kind of text
 */
export const sealText = (text: string, format: number, purpose: string, { current }: SealSecrets): string =>
  Buffer.concat([Buffer.of(format), seal(text, purpose, current)]).toString('base64url');

/**
 * Opens a text that `sealText` made with one of the secrets.
 * @throws Error for any other text: of another format or purpose, sealed with a secret that is gone, changed, or encoded
 * differently
 */
export const openText = (sealed: string, format: number, purpose: string, secrets: SealSecrets): string => {
  const bytes = decodeExactly(sealed);
  if (bytes?.[0] !== format || bytes.byteLength <= 1 + sealBytes)
    throw new Error('The text is not well formed');
  try {
    return unseal(bytes.subarray(1), purpose, secrets.current);
  } catch (error) {
    if (secrets.previous === undefined) throw error;
    return unseal(bytes.subarray(1), purpose, secrets.previous);
  }
};

import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What a key may be allowed to do. */
export type Scope = 'channels:read' | 'channels:write';

/** The parts of a key as its holder sends it: `cck_<environment>_<id>_<secret>_<checksum>`. */
export interface ApiKey {
  environment: string;
  /** Public: it names the key in logs, events and commands. */
  id: string;
  /** 256 random bits in hex; only its hash is stored. */
  secret: string;
}

const keyFormat = /^cck_([a-z][a-z0-9-]{0,30})_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{8})$/;

const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0');

/**
 * Draws a new key for an environment. The prefix lets secret scanners recognise it; the checksum (CRC-32) lets the
 * service refuse a mistyped key without asking the table.
 */
export const createApiKey = (environment: string): ApiKey => ({
  environment,
  id: randomBytes(8).toString('hex'),
  secret: randomBytes(32).toString('hex'),
});

export const formatApiKey = ({ environment, id, secret }: ApiKey): string => {
  const body = `cck_${environment}_${id}_${secret}`;
  return `${body}_${checksum(body)}`;
};

/** The parts of a well-formed key with a right checksum; anything else is no key. */
export const parseApiKey = (text: string): ApiKey | undefined => {
  const [, environment, id, secret, sum] = keyFormat.exec(text) ?? [];
  if (!environment || !id || !secret) return undefined;
  return checksum(text.slice(0, -9)) === sum ? { environment, id, secret } : undefined;
};

/**
 * What is stored of a secret. A plain SHA-256 is enough: a secret of 256 random bits can't be guessed from its hash,
 * as a password could (OWASP Password Storage Cheat Sheet speaks of what people choose).
 */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

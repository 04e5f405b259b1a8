import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The operations that an API key may use. */
export type Scope = 'channels:read' | 'channels:write';

/** The parts of an API key. Clients send `cck_<environment>_<id>_<secret>_<checksum>`. */
export interface ApiKey {
  environment: string;
  /** Public: logs, events and commands name the key by it. */
  id: string;
  /** 256 random bits in hex. The table stores only its hash. */
  secret: string;
}

const keyFormat = /^cck_([a-z][a-z0-9-]{0,30})_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{8})$/;

const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0');

/**
 * Creates a random key for an environment. `formatApiKey` adds a prefix and a checksum (CRC-32). Secret scanners
 * recognise a key by its prefix. The service rejects a mistyped key by its checksum, without reading the table.
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

/** Parses a key. Returns undefined if the format or the checksum is wrong. */
export const parseApiKey = (text: string): ApiKey | undefined => {
  const [, environment, id, secret, sum] = keyFormat.exec(text) ?? [];
  if (!environment || !id || !secret) return undefined;
  return checksum(text.slice(0, -9)) === sum ? { environment, id, secret } : undefined;
};

/**
 * Hashes a secret for storage. Plain SHA-256 is enough, because nobody can guess 256 random bits from their hash. The
 * slow hashes of the OWASP Password Storage Cheat Sheet are for secrets that people choose.
 */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

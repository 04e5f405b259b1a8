import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { acceptsGzip, compress } from '../../lib/http/compression.ts';

describe('gzip', () => {
  test.each<[string | undefined, boolean]>([
    ['gzip', true],
    ['GZIP', true],
    ['gzip, deflate, br', true],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', true],
    ['gzip;q=0.001', true],
    ['gzip ; q=0.5', true],
    ['*', true],
    ['*;q=0.5', true],
    ['identity;q=0, *', true],
    [undefined, false],
    ['', false],
    ['identity', false],
    ['br, deflate', false],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['gzip;q=0, *', false],
    ['*;q=0', false],
    ['gzip;q=x', false],
    ['gzipped', false],
  ])('is accepted by "Accept-Encoding: %s": %j', (header, accepted) => {
    expect(acceptsGzip(header)).toBe(accepted);
  });
});

describe('a response', () => {
  const responseOf = (body: string) => ({ statusCode: 200, headers: { ETag: '"0"' }, body });

  test.each([
    ['1 KB', 'x'.repeat(1_024)],
    ['1 KB in bytes, but less in characters', 'ق'.repeat(512)],
  ])('of %s is compressed, and the rest stays as it is', (_, body) => {
    const compressed = compress(responseOf(body), 'gzip');

    expect(compressed).toEqual({
      statusCode: 200,
      headers: { ETag: '"0"', 'Content-Encoding': 'gzip' },
      body: expect.any(String),
      isBase64Encoded: true,
    });
    expect(gunzipSync(Buffer.from(compressed.body ?? '', 'base64')).toString('utf8')).toBe(body);
  });

  test.each([
    ['of less than 1 KB', responseOf('x'.repeat(1_023)), 'gzip'],
    ['without a body', { statusCode: 304, headers: {} }, 'gzip'],
    ['that is compressed already', { ...responseOf('x'.repeat(2_048)), isBase64Encoded: true }, 'gzip'],
    ['to a client that does not accept gzip', responseOf('x'.repeat(2_048)), 'br'],
  ])('%s stays as it is', (_, response, acceptEncoding) => {
    expect(compress(response, acceptEncoding)).toBe(response);
  });

  test('of 5 MiB that hardly gets smaller still fits into the 6 MB of Lambda, although base64 adds a third', () => {
    const random = createHash('shake256', { outputLength: 5 * 1024 * 1024 }).digest();
    const printable = random.map((byte) => 0x23 + (byte % 0x5c));

    const { body = '' } = compress(responseOf(Buffer.from(printable).toString('latin1')), 'gzip');

    expect(body.length).toBeGreaterThan(5 * 1024 * 1024);
    expect(body.length).toBeLessThan(6 * 1024 * 1024 - 100_000);
  });
});

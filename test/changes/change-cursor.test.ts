import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ChangeCursor, openChangeCursor, sealChangeCursor } from '../../lib/changes/change-cursor.ts';
import { sealCursor } from '../../lib/lists/cursor.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const secrets = { current: 'a1'.repeat(32) };
const rotated = { current: 'b2'.repeat(32), previous: secrets.current };
const rotatedTwice = { current: 'c3'.repeat(32), previous: rotated.current };
const cursor: ChangeCursor = {
  phase: 'channels',
  generation: 'Zm9vYmFyYmF6',
  number: 17,
  lastId: '60f1b2b3c9e9a12345678901',
  beganAt: 1_700_000_000_000,
  completedAt: null,
  time: 1_700_000_000_000,
};
const text = sealChangeCursor(cursor, 'acme', secrets);

const open = (sealed: string, namespace = 'acme', known: Parameters<typeof openChangeCursor>[2] = secrets) =>
  openChangeCursor(sealed, namespace, known);
/** The error of a text that cannot be opened, as far as the client sees it. */
const errorOf = (...sealed: Parameters<typeof open>) => {
  const { code, message } = catchApiError(() => open(...sealed));
  return { code, message };
};

const invalid = {
  code: 'invalid_cursor',
  message: 'The cursor is not valid: send the last next_cursor of this namespace, unchanged.',
};
const expired = {
  code: 'cursor_expired',
  message:
    'The cursor has expired: read again without a cursor until has_more is false, then drop every channel that this did not bring.',
};

describe('a cursor of the changes', () => {
  test.each<ChangeCursor>([
    cursor,
    { ...cursor, phase: 'log', lastId: '' },
    { ...cursor, phase: 'log', number: 999_999_999_999_999, lastId: '', completedAt: 1_700_000_000_001 },
  ])('opens to the values that were sealed in it, in the phase $phase', (values) => {
    expect(open(sealChangeCursor(values, 'acme', secrets))).toEqual(values);
  });

  test('reveals nothing: its text is encrypted, and differs each time for the same values', () => {
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toMatch(/60f1b2b3|Zm9v|channels/);
    expect(sealChangeCursor(cursor, 'acme', secrets)).not.toBe(text);
  });

  test('opens with the current and with the previous secret', () => {
    expect(open(text, 'acme', rotated)).toEqual(cursor);
    expect(open(sealChangeCursor(cursor, 'acme', rotated), 'acme', rotated)).toEqual(cursor);
  });
});

describe('a cursor has expired', () => {
  test('if its secret is gone', () => {
    expect(errorOf(text, 'acme', rotatedTwice)).toEqual(expired);
    expect(errorOf(text, 'acme', { current: rotated.current })).toEqual(expired);
  });
});

describe('a cursor is not valid', () => {
  test.each([
    ['if its secret is there', secrets],
    ['if its secret is gone', rotatedTwice],
  ])('if any one bit of it is changed, %s', (_, known) => {
    const bytes = Buffer.from(text, 'base64url');
    const errors = Array.from({ length: bytes.byteLength * 8 }, (_bit, bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      return errorOf(flipped.toString('base64url'), 'acme', known);
    });
    expect(errors).toEqual(errors.map(() => invalid));
  });

  test('in another namespace', () => {
    expect(errorOf(text, 'acme2')).toEqual(invalid);
  });

  test('if it is the cursor of a list', () => {
    const ofList = sealCursor(
      { order: '_id', filter: '', offset: 0, backward: false, side: 'after', sortValues: [cursor.lastId] },
      'acme',
      secrets,
    );
    expect(errorOf(ofList)).toEqual(invalid);
  });

  test('if somebody seals it with another secret under the name of a known one, with the right checksum', () => {
    const own = Buffer.from(sealChangeCursor(cursor, 'acme', secrets), 'base64url');
    const forged = Buffer.from(sealChangeCursor(cursor, 'acme', rotated), 'base64url');
    const checksum = (named: Buffer) => createHash('sha256').update(named).digest().subarray(0, 4);
    const named = Buffer.concat([own.subarray(0, 5), forged.subarray(5, -4)]);
    expect(errorOf(Buffer.concat([named, checksum(named)]).toString('base64url'))).toEqual(invalid);
  });

  test.each([
    ['an empty text', ''],
    ['a text without its last character', text.slice(0, -1)],
    ['a text of a few characters', 'AQ'],
    ['as few bytes as a cursor without content has', Buffer.alloc(37, 2).toString('base64url')],
    ['a text with padding', `${text}==`],
    ['two texts in a row', text + text],
    ['a text with white space after it', `${text}\n`],
    ['a text that is not base64', 'قناة'],
  ])('as %s', (_, other) => {
    expect(errorOf(other)).toEqual(invalid);
  });

  test('as another text that decodes to the same bytes', () => {
    // Its last character has unused bits if the bytes are no multiple of three.
    const odd = [0, 1, 2]
      .map((length) => sealChangeCursor({ ...cursor, lastId: 'x'.repeat(length) }, 'acme', secrets))
      .filter((sealed) => sealed.length % 4 !== 0);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = odd.flatMap((sealed) =>
      [...alphabet]
        .map((character) => sealed.slice(0, -1) + character)
        .filter((twin) => twin !== sealed)
        .filter((twin) => Buffer.from(twin, 'base64url').equals(Buffer.from(sealed, 'base64url'))),
    );
    expect(twins.length).toBeGreaterThan(0);
    expect(twins.map((twin) => errorOf(twin))).toEqual(twins.map(() => invalid));
  });
});

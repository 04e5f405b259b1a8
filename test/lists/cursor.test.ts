import { describe, expect, test } from '@jest/globals';
import { type Cursor, openCursor, sealCursor } from '../../lib/lists/cursor.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const secrets = { current: 'a1'.repeat(32) };
const cursor: Cursor = {
  order: 'name,_id',
  filter: 'ff',
  offset: 25,
  backward: false,
  side: 'after',
  sortValues: ['قناة', '60f1b2b3c9e9a12345678901'],
};

const codeOf = (open: () => unknown) => catchApiError(open).code;

describe('A cursor', () => {
  const text = sealCursor(cursor, 'acme', secrets);

  test('opens to the values that were sealed in it', () => {
    expect(openCursor(text, 'acme', secrets)).toEqual(cursor);
  });

  test('reveals nothing: its text is encrypted, and differs each time for the same values', () => {
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('60f1b2b3c9e9a12345678901');
    expect(sealCursor(cursor, 'acme', secrets)).not.toBe(text);
  });

  test('is invalid if any one bit of it is changed', () => {
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => openCursor(flipped.toString('base64url'), 'acme', secrets))).toBe('invalid_cursor');
    }
  });

  test('is invalid in another namespace', () => {
    expect(codeOf(() => openCursor(text, 'acme2', secrets))).toBe('invalid_cursor');
  });

  test('opens with the current and the previous secret, and with no other', () => {
    const current = 'b2'.repeat(32);
    expect(openCursor(text, 'acme', { current, previous: secrets.current })).toEqual(cursor);
    expect(codeOf(() => openCursor(text, 'acme', { current }))).toBe('invalid_cursor');
  });

  test.each([
    ['an empty text', ''],
    ['a text without its last character', text.slice(0, -1)],
    ['a text of a few characters', 'AQ'],
    ['a text with padding', `${text}==`],
    ['two texts in a row', text + text],
    ['a text with white space after it', `${text}\n`],
    [
      'a text in standard base64',
      Buffer.from(text, 'base64url')
        .toString('base64')
        .padEnd(text.length + 1, '='),
    ],
    ['a text that is not base64', 'قناة'],
  ])('is not valid as %s', (_, other) => {
    expect(codeOf(() => openCursor(other, 'acme', secrets))).toBe('invalid_cursor');
  });

  test('opens only from the text that was sealed, not from other texts that decode to the same bytes', () => {
    const last = text.at(-1) as string;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = [...alphabet]
      .filter((character) => character !== last)
      .map((character) => text.slice(0, -1) + character)
      .filter((twin) => Buffer.from(twin, 'base64url').equals(Buffer.from(text, 'base64url')));
    for (const twin of twins) expect(codeOf(() => openCursor(twin, 'acme', secrets))).toBe('invalid_cursor');
    // The last character of this cursor has unused bits, so there are such texts.
    expect(twins.length).toBeGreaterThan(0);
  });
});

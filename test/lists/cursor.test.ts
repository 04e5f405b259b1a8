import { describe, expect, test } from '@jest/globals';
import { type Cursor, openCursor, sealCursor } from '../../lib/lists/cursor.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const keys = { current: 'a1'.repeat(32) };
const cursor: Cursor = {
  order: 'name,_id',
  filter: 'ff',
  offset: 25,
  backward: false,
  side: 'after',
  sortValues: ['قناة', '60f1b2b3c9e9a12345678901'],
};

const refusal = (open: () => unknown) => catchApiError(open).code;

describe('a cursor', () => {
  const text = sealCursor(cursor, 'acme', keys);

  test('opens as what it was made of', () => {
    expect(openCursor(text, 'acme', keys)).toEqual(cursor);
  });

  test('shows nothing of what it holds, not even that it is the same', () => {
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('60f1b2b3c9e9a12345678901');
    expect(sealCursor(cursor, 'acme', keys)).not.toBe(text);
  });

  test('opens nowhere with any one bit changed', () => {
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(refusal(() => openCursor(flipped.toString('base64url'), 'acme', keys))).toBe('invalid_cursor');
    }
  });

  test('opens in no other namespace', () => {
    expect(refusal(() => openCursor(text, 'acme2', keys))).toBe('invalid_cursor');
  });

  test('opens by the previous key too, and by no other', () => {
    const current = 'b2'.repeat(32);
    expect(openCursor(text, 'acme', { current, previous: keys.current })).toEqual(cursor);
    expect(refusal(() => openCursor(text, 'acme', { current }))).toBe('invalid_cursor');
  });

  test.each([
    ['nothing', ''],
    ['its beginning', text.slice(0, -1)],
    ['a few characters', 'AQ'],
    ['padding behind it', `${text}==`],
    ['another behind it', text + text],
    ['white space behind it', `${text}\n`],
    [
      'standard base64',
      Buffer.from(text, 'base64url')
        .toString('base64')
        .padEnd(text.length + 1, '='),
    ],
    ['no base64 at all', 'قناة'],
  ])('is not %s', (_, other) => {
    expect(refusal(() => openCursor(other, 'acme', keys))).toBe('invalid_cursor');
  });

  test('is given out in one writing, and opens in no other that decodes alike', () => {
    const last = text.at(-1) as string;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = [...alphabet]
      .filter((character) => character !== last)
      .map((character) => text.slice(0, -1) + character)
      .filter((twin) => Buffer.from(twin, 'base64url').equals(Buffer.from(text, 'base64url')));
    for (const twin of twins) expect(refusal(() => openCursor(twin, 'acme', keys))).toBe('invalid_cursor');
    // The length of this cursor is such that its last character has bits to spare.
    expect(twins.length).toBeGreaterThan(0);
  });
});

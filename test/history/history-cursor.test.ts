import { describe, expect, test } from '@jest/globals';
import { openHistoryCursor, sealHistoryCursor } from '../../lib/history/history-cursor.ts';
import { sealCursor } from '../../lib/lists/cursor.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const secrets = { current: 'a1'.repeat(32) };
const channel = { namespace: 'acme', id: '60f1b2b3c9e9a12345678901' };
const sortKey = '0000000000000003#2026-11-24T09:30:00.000Z';

const codeOf = (text: string, of = channel, by: Parameters<typeof openHistoryCursor>[2] = secrets) =>
  catchApiError(() => openHistoryCursor(text, of, by)).code;

describe('A cursor of a history', () => {
  const text = sealHistoryCursor(sortKey, channel, secrets);

  test('opens to the sort key that was sealed in it, and does not show it', () => {
    expect(openHistoryCursor(text, channel, secrets)).toBe(sortKey);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('2026');
  });

  test('is invalid for another channel, and in another namespace', () => {
    expect(codeOf(text, { ...channel, id: '60f1b2b3c9e9a12345678902' })).toBe('invalid_cursor');
    expect(codeOf(text, { ...channel, namespace: 'other' })).toBe('invalid_cursor');
  });

  test('is invalid if any one bit of it is changed', () => {
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(flipped.toString('base64url'))).toBe('invalid_cursor');
    }
  });

  test('opens with the current and the previous secret, and with no other', () => {
    const current = 'b2'.repeat(32);
    expect(openHistoryCursor(text, channel, { current, previous: secrets.current })).toBe(sortKey);
    expect(codeOf(text, channel, { current })).toBe('invalid_cursor');
  });

  test('is never a cursor of a list', () => {
    const position = { order: '_id', filter: '', offset: 25, backward: false, side: 'after' as const };
    const ofList = sealCursor({ ...position, sortValues: [channel.id] }, channel.namespace, secrets);
    expect(codeOf(ofList)).toBe('invalid_cursor');
  });

  test.each([
    ['an empty text', ''],
    ['a text without its last character', text.slice(0, -1)],
    ['a text with padding', `${text}==`],
    ['a text that is not base64', 'قناة'],
  ])('is not valid as %s', (_, other) => {
    expect(codeOf(other)).toBe('invalid_cursor');
  });
});

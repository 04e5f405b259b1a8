import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createdAtOf, newChannelId, parseChannelId } from '../../lib/channels/channel-id.ts';

const time = fc.integer({ min: 0, max: 0xffff_ffff * 1000 + 999 });

describe('a channel id', () => {
  test('has the form of an ObjectId', () => {
    expect(newChannelId(1_673_778_600_123)).toMatch(/^63c3d5a8007b[0-9a-f]{12}$/);
  });

  test('contains the time of its creation to the millisecond', () => {
    fc.assert(fc.property(time, (now) => createdAtOf(newChannelId(now)) === now));
  });

  test('sorts by the time of creation', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        fc.pre(a !== b);
        return a < b === newChannelId(a) < newChannelId(b);
      }),
    );
  });

  test('is accepted in upper case, and stored in lower case', () => {
    expect(parseChannelId('60F1B2B3C9E9A12345678901')).toBe('60f1b2b3c9e9a12345678901');
  });

  test.each([
    '',
    '..',
    '60f1b2b3c9e9a1234567890',
    '60f1b2b3c9e9a123456789012',
    '60f1b2b3c9e9a1234567890g',
    `${'a'.repeat(24)}\n`,
    '٠'.repeat(24),
  ])('is not parsed from %j', (text) => {
    expect(parseChannelId(text)).toBeUndefined();
  });
});

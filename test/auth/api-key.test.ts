import { describe, expect, test } from '@jest/globals';
import { createApiKey, formatApiKey, hashSecret, parseApiKey } from '../../lib/auth/api-key.ts';

describe('an API key', () => {
  test('is formatted so that secret scanners recognise it, and parsed back', () => {
    const key = createApiKey('dev');
    const text = formatApiKey(key);
    expect(text).toMatch(/^cck_dev_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(parseApiKey(text)).toEqual(key);
  });

  test('is never created twice', () => {
    expect(createApiKey('dev').secret).not.toBe(createApiKey('dev').secret);
  });

  test('is rejected if any one character is changed', () => {
    const text = formatApiKey(createApiKey('dev'));
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === '0' ? '1' : '0';
      expect(parseApiKey(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    }
  });

  test.each([
    '',
    'cck',
    'cck_dev',
    'Bearer x',
    'cck_dev_1_2_3',
    '\u0000',
    'é'.repeat(300),
  ])('is not parsed from %j', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  test('is not parsed from a text with anything around it or in capitals', () => {
    const text = formatApiKey(createApiKey('dev'));
    for (const other of [` ${text}`, `${text}\n`, `${text},${text}`, text.toUpperCase()])
      expect(parseApiKey(other)).toBeUndefined();
  });

  test('is stored as the SHA-256 of its secret', () => {
    expect(hashSecret('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

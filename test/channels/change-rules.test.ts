import { describe, expect, test } from '@jest/globals';
import {
  applyPatch,
  checkDeletion,
  existing,
  newChannel,
  type Precondition,
  type WriteContext,
} from '../../lib/channels/change-rules.ts';
import type { Channel } from '../../lib/channels/channel.ts';
import { catchApiError } from '../support/catch-api-error.ts';

const context: WriteContext = {
  caller: { keyId: 'key2', namespace: 'a', namespaces: ['a', 'b'] },
  now: 2_000,
  writeId: 'w2',
};
const channel: Channel = {
  _id: '60f1b2b3c9e9a12345678901',
  name: 'Retail',
  local_name: 'قناة',
  disabled: false,
  integration_meta: '{"x":1}',
  company_namespace: ['a'],
  updatedAt: 1_000,
  __v: 3,
  writeId: 'w1',
  writtenBy: 'key1',
};
/** The fields that every update changes. */
const nextVersion = {
  updatedAt: 2_000,
  __v: 4,
  writeId: 'w2',
  previousWriteId: 'w1',
  writtenBy: 'key2',
};

const codeOf = (run: () => unknown) => catchApiError(run).code;

describe('newChannel', () => {
  test('adds the defaults of fields that were not sent', () => {
    expect(newChannel({ name: 'x' }, channel._id, context)).toStrictEqual({
      _id: channel._id,
      name: 'x',
      disabled: false,
      company_namespace: ['a'],
      updatedAt: 2_000,
      __v: 0,
      writeId: 'w2',
      writtenBy: 'key2',
    });
  });

  test('accepts the namespaces of the key, and refuses others', () => {
    expect(
      newChannel({ name: 'x', company_namespace: ['b', 'a'] }, channel._id, context).company_namespace,
    ).toEqual(['b', 'a']);
    expect(codeOf(() => newChannel({ name: 'x', company_namespace: ['a', 'c'] }, channel._id, context))).toBe(
      'forbidden',
    );
  });
});

describe('applyPatch', () => {
  test('changes the fields that are sent with another value', () => {
    expect(applyPatch(channel, { name: 'New', disabled: false }, undefined, context)).toStrictEqual({
      ...channel,
      name: 'New',
      ...nextVersion,
    });
  });

  test('removes fields that are null', () => {
    const { local_name, integration_meta, ...bare } = channel;
    expect(
      applyPatch(channel, { local_name: null, integration_meta: null }, undefined, context),
    ).toStrictEqual({
      ...bare,
      ...nextVersion,
    });
  });

  test('returns undefined if nothing changes', () => {
    const sameValues = {
      name: 'Retail',
      local_name: 'قناة',
      integration_meta: '{"x":1}',
      company_namespace: ['a'],
    };
    expect(applyPatch(channel, sameValues, undefined, context)).toBeUndefined();
    const { local_name, ...bare } = channel;
    expect(applyPatch(bare, { local_name: null }, undefined, context)).toBeUndefined();
  });

  test('sets updatedAt to 1 ms after the last one, if the clock is behind', () => {
    const ahead = { ...channel, updatedAt: 5_000 };
    expect(applyPatch(ahead, { name: 'New' }, undefined, context)?.updatedAt).toBe(5_001);
  });

  test('changes the order of the namespaces', () => {
    const shared = { ...channel, company_namespace: ['a', 'b'] };
    expect(applyPatch(shared, { company_namespace: ['b', 'a'] }, undefined, context)).toStrictEqual({
      ...shared,
      company_namespace: ['b', 'a'],
      ...nextVersion,
    });
  });

  test('moves a channel only between namespaces of the key, and keeps it in foreign ones', () => {
    const foreign = { ...channel, company_namespace: ['a', 'c'] };
    const move = (company_namespace: string[]) =>
      applyPatch(foreign, { company_namespace }, undefined, context);
    expect(move(['a', 'b', 'c'])?.company_namespace).toEqual(['a', 'b', 'c']);
    expect(move(['c', 'b'])?.company_namespace).toEqual(['c', 'b']);
    expect(codeOf(() => move(['a']))).toBe('forbidden');
    expect(codeOf(() => move(['a', 'c', 'd']))).toBe('forbidden');
  });

  test('throws not_found before forbidden, and forbidden before precondition_failed', () => {
    const patch = { company_namespace: ['z'] };
    const stale: Precondition = { versions: [2] };
    expect(codeOf(() => applyPatch(existing(undefined), patch, stale, context))).toBe('not_found');
    expect(codeOf(() => applyPatch(channel, patch, stale, context))).toBe('forbidden');
    expect(codeOf(() => applyPatch(channel, { name: 'New' }, stale, context))).toBe('precondition_failed');
    expect(codeOf(() => applyPatch(channel, { name: 'Retail' }, stale, context))).toBe('precondition_failed');
  });

  test.each([[{ anyVersion: true }], [{ versions: [1, 3] }]] as [
    Precondition,
  ][])('accepts the precondition %j for version 3', (precondition) => {
    expect(applyPatch(channel, { name: 'New' }, precondition, context)?.name).toBe('New');
  });
});

describe('checkDeletion', () => {
  test('accepts a channel if the key holds all its namespaces', () => {
    const shared = { ...channel, company_namespace: ['b', 'a'] };
    expect(() => checkDeletion(shared, undefined, context.caller)).not.toThrow();
  });

  test('throws not_found before forbidden, and forbidden before precondition_failed', () => {
    const foreign = { ...channel, company_namespace: ['a', 'c'] };
    const stale: Precondition = { versions: [2] };
    expect(codeOf(() => checkDeletion(existing(undefined), { anyVersion: true }, context.caller))).toBe(
      'not_found',
    );
    expect(codeOf(() => checkDeletion(foreign, stale, context.caller))).toBe('forbidden');
    expect(codeOf(() => checkDeletion(channel, stale, context.caller))).toBe('precondition_failed');
  });
});

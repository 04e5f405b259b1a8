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

const author: WriteContext = {
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
const rewritten = {
  updatedAt: 2_000,
  __v: 4,
  writeId: 'w2',
  previousWriteId: 'w1',
  writtenBy: 'key2',
};

const codeOf = (run: () => unknown) => catchApiError(run).code;

describe('a creation', () => {
  test('fills in what was not sent', () => {
    expect(newChannel({ name: 'x' }, channel._id, author)).toStrictEqual({
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

  test('goes into the namespaces of the key alone', () => {
    expect(
      newChannel({ name: 'x', company_namespace: ['b', 'a'] }, channel._id, author).company_namespace,
    ).toEqual(['b', 'a']);
    expect(codeOf(() => newChannel({ name: 'x', company_namespace: ['a', 'c'] }, channel._id, author))).toBe(
      'forbidden',
    );
  });
});

describe('an update', () => {
  test('changes what is sent and differs', () => {
    expect(applyPatch(channel, { name: 'New', disabled: false }, undefined, author)).toStrictEqual({
      ...channel,
      name: 'New',
      ...rewritten,
    });
  });

  test('removes what is null', () => {
    const { local_name, integration_meta, ...bare } = channel;
    expect(
      applyPatch(channel, { local_name: null, integration_meta: null }, undefined, author),
    ).toStrictEqual({
      ...bare,
      ...rewritten,
    });
  });

  test('that changes nothing is the channel as it is', () => {
    const same = {
      name: 'Retail',
      local_name: 'قناة',
      integration_meta: '{"x":1}',
      company_namespace: ['a'],
    };
    expect(applyPatch(channel, same, undefined, author)).toBeUndefined();
    const { local_name, ...bare } = channel;
    expect(applyPatch(bare, { local_name: null }, undefined, author)).toBeUndefined();
  });

  test('by a clock that is behind comes 1 ms later than the last', () => {
    const ahead = { ...channel, updatedAt: 5_000 };
    expect(applyPatch(ahead, { name: 'New' }, undefined, author)?.updatedAt).toBe(5_001);
  });

  test('takes the order of namespaces for a value', () => {
    const shared = { ...channel, company_namespace: ['a', 'b'] };
    expect(applyPatch(shared, { company_namespace: ['b', 'a'] }, undefined, author)).toStrictEqual({
      ...shared,
      company_namespace: ['b', 'a'],
      ...rewritten,
    });
  });

  test('moves a channel between namespaces of the key alone, and leaves others where they are', () => {
    const foreign = { ...channel, company_namespace: ['a', 'c'] };
    const move = (company_namespace: string[]) =>
      applyPatch(foreign, { company_namespace }, undefined, author);
    expect(move(['a', 'b', 'c'])?.company_namespace).toEqual(['a', 'b', 'c']);
    expect(move(['c', 'b'])?.company_namespace).toEqual(['c', 'b']);
    expect(codeOf(() => move(['a']))).toBe('forbidden');
    expect(codeOf(() => move(['a', 'c', 'd']))).toBe('forbidden');
  });

  test('says first that there is no channel, then what is forbidden, then that the version is stale', () => {
    const patch = { company_namespace: ['z'] };
    const stale: Precondition = { versions: [2] };
    expect(codeOf(() => applyPatch(existing(undefined), patch, stale, author))).toBe('not_found');
    expect(codeOf(() => applyPatch(channel, patch, stale, author))).toBe('forbidden');
    expect(codeOf(() => applyPatch(channel, { name: 'New' }, stale, author))).toBe('precondition_failed');
    expect(codeOf(() => applyPatch(channel, { name: 'Retail' }, stale, author))).toBe('precondition_failed');
  });

  test.each([[{ anyVersion: true }], [{ versions: [1, 3] }]] as [
    Precondition,
  ][])('goes on under %j', (precondition) => {
    expect(applyPatch(channel, { name: 'New' }, precondition, author)?.name).toBe('New');
  });
});

describe('a deletion', () => {
  test('takes a channel whose namespaces are all the key’s', () => {
    const shared = { ...channel, company_namespace: ['b', 'a'] };
    expect(() => checkDeletion(shared, undefined, author.caller)).not.toThrow();
  });

  test('says first that there is no channel, then what is forbidden, then that the version is stale', () => {
    const foreign = { ...channel, company_namespace: ['a', 'c'] };
    const stale: Precondition = { versions: [2] };
    expect(codeOf(() => checkDeletion(existing(undefined), { anyVersion: true }, author.caller))).toBe(
      'not_found',
    );
    expect(codeOf(() => checkDeletion(foreign, stale, author.caller))).toBe('forbidden');
    expect(codeOf(() => checkDeletion(channel, stale, author.caller))).toBe('precondition_failed');
  });
});

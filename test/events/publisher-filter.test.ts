import { describe, expect, it } from '@jest/globals';
import { newChannelId } from '../../lib/channels/channel-id.ts';
import { externalKeyItemKey, externalKeyOf } from '../../lib/channels/external-keys.ts';
import { heartbeatKey, keys } from '../../lib/channels/keys.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { matches } from '../../local/stream-filter.ts';

const filters = streamConsumers.find(({ name }) => name === 'publish-events')?.mapping.filters ?? [];
const isDelivered = (eventName: string, { pk, sk }: { pk: string; sk: string }) => {
  const record = { eventName, dynamodb: { Keys: { pk: { S: pk }, sk: { S: sk } } } };
  return filters.some((pattern) => matches(pattern, record));
};
const id = 'abcdef0123456789abcdef01';

describe('the filter of publish-events', () => {
  it.each([
    ['a channel', keys.channel('acme', id)],
    ['a channel of today', keys.channel('acme', newChannelId(Date.now()))],
    ['a channel of 1970', keys.channel('acme', newChannelId(1))],
    ['a channel of the last second that an id can represent', keys.channel('acme', 'f'.repeat(24))],
    ['a tombstone', keys.tombstone('acme', id)],
    ['the heartbeat', heartbeatKey],
  ])('delivers %s when it is written, but not when it is removed', (_, key) => {
    expect(['INSERT', 'MODIFY', 'REMOVE'].map((name) => isDelivered(name, key))).toEqual([true, true, false]);
  });

  it.each([
    ['a counter', keys.counter('acme', 3)],
    ['an idempotency record', keys.idempotency('acme', 'hash')],
    ['a pending change', { pk: 'NS#acme', sk: `~pending#${id}` }],
    ['an external key', externalKeyItemKey('acme', externalKeyOf('external_id', 'x') as string)],
    ['an item of another kind of partition', { pk: 'OTHER#acme', sk: id }],
  ])('does not deliver %s', (_, key) => {
    expect(['INSERT', 'MODIFY', 'REMOVE'].some((name) => isDelivered(name, key))).toBe(false);
  });
});

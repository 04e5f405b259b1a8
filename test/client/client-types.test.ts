import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { Channel, ChannelChange, ChannelCreation } from '../../client/index.ts';
import { clientTypes } from '../../commands/client-types.ts';
import type { ChannelDocument } from '../../lib/channels/channel.ts';
import { describeApi } from '../../lib/openapi/document.ts';

type Equal<A, B> = [A, B] extends [B, A] ? true : false;

test('client/types.ts is what the description says: `npm run openapi` writes it anew', () => {
  const file = readFileSync(new URL('../../client/types.ts', import.meta.url), 'utf8');
  expect(file).toBe(clientTypes(describeApi()));
});

test('a channel is of the type that the service answers, and may be sent back whole', () => {
  const isAnswered: Equal<Channel, ChannelDocument> = true;
  const isChange: Channel extends ChannelChange ? true : false = true;
  const isCreation: Pick<Channel, 'name'> extends ChannelCreation ? true : false = true;
  expect([isAnswered, isChange, isCreation]).toEqual([true, true, true]);
});

import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { type Channel, toDocument } from '../../lib/channels/channel.ts';
import { planChannelWrites } from '../../lib/channels/plan-channel-writes.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import type { Change } from '../../lib/dynamodb/stream-record.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toEvent } from '../../lib/events/to-event.ts';
import { fromVersionItem, type Version } from '../../lib/history/version-items.ts';
import { writeHistory } from '../../lib/history/write-history.ts';
import { channelOf } from '../support/seed.ts';

const client = mockClient(DynamoDBDocumentClient);
const session = { client: connect(), meter: new Meter(), signal: new AbortController().signal };
const history = new Table(session, 'history');

beforeEach(() => {
  client.reset();
  client.on(PutCommand).resolves({});
});

const created = channelOf(1, { name: 'Retail', company_namespace: ['acme', 'b'], writtenBy: 'key1' });
const next = (before: Channel, fields: Partial<Channel>): Channel => ({
  ...before,
  __v: before.__v + 1,
  updatedAt: before.updatedAt + 5,
  writtenBy: 'key2',
  ...fields,
});
const timeOf = ({ updatedAt }: Channel) => new Date(updatedAt).toISOString();

const authorOf = (channel: Channel | undefined) => ({ now: channel?.updatedAt ?? 0, keyId: 'key3' });
const itemIn = (namespace: string, writes: ReturnType<typeof planChannelWrites>): Item | undefined =>
  writes.map(({ Put }) => Put?.Item).find((item) => item?.pk === `NS#${namespace}`);

/** What the stream shows of a change in one namespace. */
const changeIn = (
  namespace: string,
  before: Channel | undefined,
  after: Channel | undefined,
  author = authorOf(after),
): Change => {
  const old = before && itemIn(namespace, planChannelWrites(undefined, before, author, 0));
  const now = itemIn(namespace, planChannelWrites(before, after, author, 0)) as Item;
  const isSameItem = old?.sk === now.sk;
  return { pk: now.pk as string, sk: now.sk as string, before: isSameItem ? old : undefined, after: now };
};

const itemsPut = () => client.commandCalls(PutCommand).map(({ args: [{ input }] }) => input.Item as Item);
const writeAll = async (...changes: Change[]): Promise<Version[]> => {
  const events = changes.map((change) => ({ change, event: toEvent(change) as never }));
  await writeHistory(history, events);
  return itemsPut().map(fromVersionItem);
};

describe('a change becomes a version', () => {
  const renamed = next(created, { name: 'Wholesale', disabled: true });
  const joined = next(created, { company_namespace: ['acme', 'b', 'c'] });
  const left = next(created, { company_namespace: ['acme'] });
  const restored = next(created, { __v: 2, restoredVersion: 2 });

  test.each<[string, Change, Version]>([
    [
      'a creation',
      changeIn('acme', undefined, created),
      {
        version: 0,
        at: timeOf(created),
        actor: 'key1',
        type: 'created',
        changed: [],
        channel: toDocument(created),
      },
    ],
    [
      'an update, with the names of the changed fields',
      changeIn('acme', created, renamed),
      {
        version: 1,
        at: timeOf(renamed),
        actor: 'key2',
        type: 'updated',
        changed: ['name', 'disabled'],
        channel: toDocument(renamed),
      },
    ],
    [
      'a deletion, by the key that deleted the channel',
      changeIn('acme', created, undefined, { now: created.updatedAt + 9, keyId: 'key3' }),
      {
        version: 1,
        at: new Date(created.updatedAt + 9).toISOString(),
        actor: 'key3',
        type: 'deleted',
        changed: [],
        channel: null,
      },
    ],
    [
      'a restore',
      changeIn('acme', undefined, restored),
      {
        version: 2,
        at: timeOf(restored),
        actor: 'key2',
        type: 'restored',
        changed: [],
        channel: toDocument(restored),
      },
    ],
    [
      'a join, as a creation',
      changeIn('c', created, joined),
      {
        version: 1,
        at: timeOf(joined),
        actor: 'key2',
        type: 'created',
        changed: [],
        channel: toDocument(joined),
      },
    ],
    [
      'a leave, as a deletion',
      changeIn('b', created, left),
      { version: 1, at: timeOf(left), actor: 'key3', type: 'deleted', changed: [], channel: null },
    ],
  ])('%s', async (_, change, version) => {
    expect(await writeAll(change)).toEqual([version]);
  });

  test('a join after a restore is a creation, and an update after it is an update', async () => {
    const joinedLater = next(restored, { company_namespace: ['acme', 'b', 'c'] });
    const versions = await writeAll(
      changeIn('c', restored, joinedLater),
      changeIn('b', restored, joinedLater),
    );
    expect(versions.map(({ version, type }) => [version, type])).toEqual([
      [3, 'created'],
      [3, 'updated'],
    ]);
  });
});

test('a change of a shared channel is a version in each of its namespaces', async () => {
  await writeAll(changeIn('acme', undefined, created), changeIn('b', undefined, created));
  expect(itemsPut().map(({ pk }) => pk)).toEqual([`HISTORY#acme#${created._id}`, `HISTORY#b#${created._id}`]);
});

test('a change that comes twice writes the same item twice', async () => {
  const change = changeIn('acme', undefined, created);
  await writeAll(change, change);
  const [first, second, ...others] = itemsPut();
  expect([second, others]).toEqual([first, []]);
});

test('an error of the table is an error of the call', async () => {
  client
    .on(PutCommand)
    .rejects(Object.assign(new Error(), { name: 'ProvisionedThroughputExceededException' }));
  await expect(writeAll(changeIn('acme', undefined, created))).rejects.toThrow('The table throttled');
});

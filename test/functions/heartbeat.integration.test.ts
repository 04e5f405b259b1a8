import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Context } from 'aws-lambda';
import { readTableEvents } from '../../commands/replay/table-events.ts';
import { keys } from '../../lib/channels/keys.ts';
import type { Item } from '../../lib/dynamodb/item.ts';
import { metricsPublisher } from '../../lib/metrics.ts';
import { pendingIndex } from '../../lib/projections/read-pending-changes.ts';
import { contextOf } from '../../local/function-context.ts';
import { eventually } from '../support/eventually.ts';
import { newNamespace } from '../support/projections.ts';
import { channelOf, seedChannels } from '../support/seed.ts';
import { useService } from '../support/use-service.ts';

// Functions read it when they are imported.
process.env.METRIC_NAMESPACE = 'tested';
const service = useService({ namespaces: ['acme'], consumers: ['project-channels', 'publish-events'] });
let sweepPending: (event: object, context: Context) => Promise<void>;

beforeAll(async () => {
  ({ handler: sweepPending } = (await import('../../functions/sweep-pending.ts')) as never);
});

/** The lines from which CloudWatch makes metrics. */
let metricLines: Record<string, unknown>[];
beforeEach(() => {
  metricLines = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    const parsed = JSON.parse(`${line}`);
    if (parsed._aws) metricLines.push(parsed);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const sweep = () => sweepPending({}, contextOf('sweep-pending', 'id', 30_000));

const lineOf = (functionName: string, values: object, metrics: { Name: string; Unit: string }[]) => ({
  timestamp: expect.any(String),
  level: 'INFO',
  _aws: {
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [{ Namespace: 'tested', Dimensions: [['Function']], Metrics: metrics }],
  },
  Function: functionName,
  ...values,
});

const heartbeatLine = (consumer: string) =>
  lineOf(consumer, { HeartbeatDelay: expect.any(Number) }, [
    { Name: 'HeartbeatDelay', Unit: 'Milliseconds' },
  ]);

const sweepLine = (OldestPendingChangeAge: unknown, SweptChanges: number) =>
  lineOf('sweep-pending', { OldestPendingChangeAge, SweptChanges }, [
    { Name: 'OldestPendingChangeAge', Unit: 'Seconds' },
    { Name: 'SweptChanges', Unit: 'Count' },
  ]);

const linesOf = (functionName: string) => metricLines.filter((line) => line.Function === functionName);

const readAll = async (items: AsyncIterable<Item>) => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('a heartbeat', () => {
  test('goes through the stream to each consumer, which publishes how long it took', async () => {
    await sweep();
    await eventually(async () =>
      expect([linesOf('project-channels'), linesOf('publish-events')]).toEqual([
        [heartbeatLine('project-channels')],
        [heartbeatLine('publish-events')],
      ]),
    );

    await sweep();
    await eventually(async () =>
      expect([linesOf('project-channels').length, linesOf('publish-events').length]).toEqual([2, 2]),
    );
  });

  test('is one item in no namespace and in no index, and becomes no event', async () => {
    await sweep();
    await sweep();
    // An event of this channel comes later in the stream than one of the heartbeats would.
    const { body } = await service.call('POST /client-channel', { body: { name: 'Last' } });
    await eventually(async () => expect(service.events).toHaveLength(1));
    expect(service.events[0]?.detail.channel._id).toBe(body.data._id);

    const outsideNamespaces = (await readAll(service.channels.scan())).filter(
      ({ pk }) => !`${pk}`.startsWith('NS#'),
    );
    expect(outsideNamespaces).toEqual([{ pk: 'HEARTBEAT', sk: 'HEARTBEAT', sentAt: expect.any(Number) }]);
    for (const index of ['byName', 'byUpdatedAt', 'byStatus', 'byExternalId', 'byMetaId', 'byPending'])
      expect((await readAll(service.channels.scan(index))).filter(({ pk }) => pk === 'HEARTBEAT')).toEqual(
        [],
      );
    const replayed: string[] = [];
    for await (const { detail } of readTableEvents(service.channels, {})) replayed.push(detail.id);
    expect(replayed).toEqual([`acme:${body.data._id}:0`]);
  });
});

describe('sweep-pending', () => {
  test('publishes that nothing waits, also if it has nothing to do', async () => {
    await eventually(async () => expect(await readAll(service.channels.scan(pendingIndex))).toEqual([]));
    await sweep();
    expect(linesOf('sweep-pending')).toEqual([sweepLine(0, 0)]);
  });

  test('publishes how old the oldest pending change was, and how many it applied', async () => {
    await service.mappings['project-channels']?.stop();
    const { namespace, create } = newNamespace(service);
    await seedChannels(
      service,
      [1, 2].map((ordinal) => channelOf(ordinal, { company_namespace: [namespace] })),
    );
    await create({ name: 'Young' });
    const ageOfOldest = () => Math.round((Date.now() - channelOf(1).updatedAt) / 1000);

    const youngest = ageOfOldest();
    await sweep();
    const [line] = linesOf('sweep-pending');
    expect(line).toEqual(sweepLine(expect.any(Number), 2));
    expect(line?.OldestPendingChangeAge).toBeGreaterThanOrEqual(youngest);
    expect(line?.OldestPendingChangeAge).toBeLessThanOrEqual(ageOfOldest());
  });

  test('publishes the age of a pending change that is too young to be applied', async () => {
    await service.mappings['project-channels']?.stop();
    const { namespace } = newNamespace(service);
    const pendingSince = new Date(Date.now() - 120_000).toISOString();
    await service.channels.put({
      Item: { ...keys.pendingChange(namespace, channelOf(1)._id), token: '0', pendingSince, indexed: [] },
    });

    await sweep();
    const [line] = linesOf('sweep-pending');
    expect(line).toEqual(sweepLine(expect.any(Number), 0));
    expect(line?.OldestPendingChangeAge).toBeGreaterThanOrEqual(120);
  });
});

test('nothing is published without a namespace, as on one machine', () => {
  metricsPublisher(undefined, 'sweep-pending')({ SweptChanges: 1 });
  expect(process.stdout.write).not.toHaveBeenCalled();
});

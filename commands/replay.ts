import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { findEnvironment } from '../infra/environments.ts';
import { deadLetterQueueName, namesOf } from '../infra/names.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { connectBus } from '../lib/events/bus.ts';
import type { ChannelEvent } from '../lib/events/event-schema.ts';
import { publish } from '../lib/events/publish-with-retries.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { catchUp } from './replay/catch-up.ts';
import { readDeadLetterChanges, receiveDeadLetters } from './replay/dead-letters.ts';
import { readArguments, type Selection } from './replay/replay-arguments.ts';
import { readTableEvents } from './replay/table-events.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

/** Limit for the whole command. */
const timeoutMs = 60 * 60 * 1000;
/** Events that are published together. */
const batchSize = 500;

const isSelected = ({ namespace, channel, from = -Infinity, to = Infinity }: Selection) => {
  return ({ detail }: ChannelEvent): boolean => {
    const time = Date.parse(detail.occurred_at);
    return (
      (namespace === undefined || detail.namespace === namespace) &&
      (channel === undefined || (detail.channel ?? detail.previous)?._id === channel) &&
      time >= from &&
      time <= to
    );
  };
};

const lineOf = ({ 'detail-type': type, detail }: ChannelEvent): string =>
  `${detail.occurred_at}  ${type}  ${detail.id}`;

/** Prints events, publishes them if `--send` is given, and counts both outcomes. */
class Replay {
  /** The number of published events. Without `--send`: of the events that it would publish. */
  published = 0;
  failed = 0;
  readonly #send: ((events: ChannelEvent[]) => Promise<Map<number, string>>) | undefined;

  constructor(send: boolean, eventBus: string, signal: AbortSignal) {
    if (!send) return;
    const put = connectBus(eventBus);
    this.#send = (events) => publish(put, events, signal);
  }

  /** @returns whether all the events were published */
  async take(events: ChannelEvent[]): Promise<boolean> {
    for (const event of events) console.log(lineOf(event));
    const failed = (await this.#send?.(events)) ?? new Map<number, string>();
    for (const [index, reason] of failed)
      console.error(`${events[index]?.detail.id} was not published: ${reason}`);
    this.published += events.length - failed.size;
    this.failed += failed.size;
    return this.#send !== undefined && failed.size === 0;
  }
}

const replayTable = async (replay: Replay, table: Table, selection: Selection): Promise<void> => {
  let batch: ChannelEvent[] = [];
  for await (const event of readTableEvents(table, selection)) {
    if (isSelected(selection)(event)) batch.push(event);
    if (batch.length < batchSize) continue;
    await replay.take(batch);
    batch = [];
  }
  await replay.take(batch);
};

/**
 * Does for each dead letter what `publish-events` could not do: numbers all changes, writes them into the history, and replays
 * the events. Deletes a dead letter from its queue once all its events are published. If some were not selected, it stays.
 */
const replayDeadLetters = async (
  replay: Replay,
  queueName: string,
  selection: Selection,
  derived: { projections: Table; history: Table } | undefined,
): Promise<void> => {
  // More attempts than the default of 3: a throttled read must not leave a dead letter unread.
  const client = new DynamoDBStreamsClient({ maxAttempts: 10 });
  for (const { batch, remove, putBack } of await receiveDeadLetters(queueName)) {
    let isDone = false;
    try {
      const changes = await readDeadLetterChanges(client, batch);
      const events = await catchUp(changes, derived);
      const selected = events.filter(isSelected(selection));
      isDone = (await replay.take(selected)) && selected.length === events.length;
    } catch (error) {
      replay.failed += batch.batchSize;
      const { approximateArrivalOfFirstRecord: from, approximateArrivalOfLastRecord: to } = batch;
      console.error(
        `A dead letter of ${batch.batchSize} records, from ${from} to ${to}, can't be replayed: ${(error as Error).message}`,
      );
    }
    await (isDone ? remove() : putBack());
  }
};

const run = async (): Promise<void> => {
  const { environment, deadLetters, send, selection } = readArguments();
  const { eventBus, readChannelTables } = await selectTarget(environment);
  const signal = AbortSignal.timeout(timeoutMs);
  const replay = new Replay(send, eventBus, signal);
  const { channels, projections } = openChannelTables(connect(), await readChannelTables(), signal);
  if (deadLetters) {
    const deployed = findEnvironment(environment);
    const history = new Table(channels.session, namesOf(deployed).tables.history);
    const queueName = deadLetterQueueName(deployed, 'publish-events');
    await replayDeadLetters(replay, queueName, selection, send ? { projections, history } : undefined);
  } else await replayTable(replay, channels, selection);
  const { published, failed } = replay;
  console.log(
    send ? `${published} events published.` : `${published} events would be published: add --send to do it.`,
  );
  if (failed) throw new Error(`${failed} events could not be published.`);
};

await runCommand(run);

import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { findEnvironment } from '../infra/environments.ts';
import { deadLettersOf, namesOf } from '../infra/names.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { connectBus } from '../lib/events/bus.ts';
import { publish } from '../lib/events/publish.ts';
import type { ChannelEvent } from '../lib/events/schema.ts';
import { tableNames } from '../lib/manifest/tables.ts';
import { localEventBus } from '../local/environment.ts';
import { eventsOfLetter, readLetters } from './replay/dead-letters.ts';
import { eventsOfTable } from './replay/table-events.ts';
import { readWords, type Selection, type Words } from './replay/arguments.ts';
import { runCommand } from './run-command.ts';
import { enterTarget } from './target.ts';

/** Milliseconds that the whole command may take. */
const patience = 60 * 60 * 1000;
/** How many events are gathered before they are published. */
const atOnce = 500;

interface Place {
  channelsTable: string;
  eventBus: string;
}

const placeOf = ({ environment }: Words): Place => {
  if (environment !== undefined) return namesOf(findEnvironment(environment));
  return { channelsTable: tableNames(enterTarget(undefined)).channels, eventBus: localEventBus };
};

const isMeant = ({ namespace, channel, from = -Infinity, to = Infinity }: Selection) => {
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

/** Shows events, and publishes them where that is wanted: how many of them are, or would be, published. */
class Replay {
  published = 0;
  failed = 0;
  readonly #send: ((events: ChannelEvent[]) => Promise<Map<number, string>>) | undefined;

  constructor(send: boolean, eventBus: string, signal: AbortSignal) {
    if (!send) return;
    const put = connectBus(eventBus);
    this.#send = (events) => publish(put, events, signal);
  }

  /** @returns whether all of them are published. */
  async take(events: ChannelEvent[]): Promise<boolean> {
    for (const event of events) console.log(lineOf(event));
    const failed = (await this.#send?.(events)) ?? new Map<number, string>();
    for (const [place, why] of failed) console.error(`${events[place]?.detail.id} is not published: ${why}`);
    this.published += events.length - failed.size;
    this.failed += failed.size;
    return this.#send !== undefined && failed.size === 0;
  }
}

const replayTable = async (replay: Replay, table: Table, selection: Selection): Promise<void> => {
  let gathered: ChannelEvent[] = [];
  for await (const event of eventsOfTable(table, selection)) {
    if (isMeant(selection)(event)) gathered.push(event);
    if (gathered.length < atOnce) continue;
    await replay.take(gathered);
    gathered = [];
  }
  await replay.take(gathered);
};

/** A letter is taken out of the queue when all its events are published; one of which some are not meant stays. */
const replayDeadLetters = async (replay: Replay, queueName: string, selection: Selection): Promise<void> => {
  const client = new DynamoDBStreamsClient();
  for (const letter of await readLetters(queueName)) {
    const { span } = letter;
    let isDone = false;
    try {
      const events = await eventsOfLetter(client, span);
      const meant = events.filter(isMeant(selection));
      isDone = (await replay.take(meant)) && meant.length === events.length;
    } catch (error) {
      replay.failed += span.batchSize;
      const { approximateArrivalOfFirstRecord: from, approximateArrivalOfLastRecord: to } = span;
      console.error(
        `A dead letter of ${span.batchSize} records, from ${from} to ${to}, can't be replayed: ${(error as Error).message}`,
      );
    }
    await (isDone ? letter.remove() : letter.putBack());
  }
};

const run = async (): Promise<void> => {
  const words = readWords();
  const { channelsTable, eventBus } = placeOf(words);
  const signal = AbortSignal.timeout(patience);
  const replay = new Replay(words.send, eventBus, signal);
  if (words.deadLetters) {
    const queueName = deadLettersOf(findEnvironment(words.environment), 'publish-events');
    await replayDeadLetters(replay, queueName, words.selection);
  } else {
    const table = new Table(connect(), channelsTable, new Meter(), signal);
    await replayTable(replay, table, words.selection);
  }
  const { published, failed } = replay;
  console.log(
    words.send
      ? `${published} events published.`
      : `${published} events would be published: add --send to do it.`,
  );
  if (failed) throw new Error(`${failed} could not be.`);
};

await runCommand(run);

import type { ChangePage } from '../../../lib/changes/read-changes.ts';
import type { Channel } from '../../../lib/channels/channel.ts';
import { Copy } from './copy.ts';
import { checkExpiry } from './expiry-check.ts';
import { checkPage } from './page-check.ts';
import { type HandedOut, type PollStart, startPoll } from './poll-start.ts';
import { Crash, Process } from './process.ts';
import { durationBetween } from './scheduler.ts';
import { channelsTable, type World } from './world.ts';
import { writeOnce } from './writers.ts';

/** What a reader has stored: it survives crashes. */
interface Position {
  cursor: string;
  handedOut: HandedOut;
}

/** The answer to a poll. */
interface Answer {
  page: ChangePage;
  cursor: string;
}

const maxFinalPolls = 300;

/**
 * Keeps a copy of a namespace by polling, as the contract says. With a key of its own, it also writes channels, applies its own
 * writes itself, and polls with `exclude_self`. It never writes while it polls.
 */
export class Reader {
  readonly #world: World;
  readonly #namespace: string;
  readonly #keyId: string | undefined;
  readonly #copy: Copy;
  #position: Position | undefined;
  #readingBeganAt = 0;
  /** When the poll began that completed the first reading. */
  #completedAt: number | undefined;

  constructor(world: World, namespace: string, keyId?: string) {
    this.#world = world;
    this.#namespace = namespace;
    this.#keyId = keyId;
    this.#copy = new Copy(world, namespace);
  }

  /** Polls and writes for some time, or only a few times, or rests. */
  async run(duration: number): Promise<void> {
    const { random, scheduler } = this.#world;
    const polls = random.pick([0, 1, 4, 15]);
    for (let count = 0; count < polls; count++) {
      await scheduler.sleep(random.below(Math.ceil((2 * duration) / polls)));
      if (this.#keyId !== undefined && this.#world.happens(0.4)) await this.#write(this.#keyId);
      await this.#poll();
    }
  }

  /** Polls until there is no more. Checks then that the copy equals the table. */
  async finish(): Promise<void> {
    for (let count = 0; count < maxFinalPolls; count++) {
      if ((await this.#poll()) !== 'complete') continue;
      const differences = this.#copy.differences();
      if (differences.length)
        this.#world.fail(new Error(`A copy of ${this.#namespace} is wrong: ${differences.join('; ')}`));
      return;
    }
    this.#world.fail(
      new Error(`has_more stays true in ${maxFinalPolls} polls: ${JSON.stringify(this.#position)}`),
    );
  }

  async #write(keyId: string): Promise<void> {
    const { database, happens, scheduler, system } = this.#world;
    const written = await writeOnce(this.#world, keyId);
    if (!written) return;
    const { before, after, version } = written;
    const id = (after ?? before)?._id as string;
    if (happens(0.2)) {
      // The answer is lost, or the reader has crashed. It reads the channel later.
      await scheduler.sleep(30_000);
      const item = database.item(channelsTable, system.keys.channel(this.#namespace, id));
      if (item) this.#copy.upsert(system.toDocument(system.fromItem(item)));
      else this.#copy.delete(id);
      return;
    }
    const isIn = (channel: Channel | undefined) => channel?.company_namespace.includes(this.#namespace);
    if (after && isIn(after)) this.#copy.upsert(system.toDocument(after));
    else if (isIn(before)) this.#copy.delete(id, version);
  }

  async #poll(): Promise<'complete' | 'more'> {
    const { random, scheduler, system } = this.#world;
    if (!this.#position) {
      this.#readingBeganAt = scheduler.now;
      this.#completedAt = undefined;
      this.#copy.beginReading();
    }
    const start = startPoll(this.#world, this.#namespace, this.#position?.handedOut);
    const isExcluding = this.#keyId !== undefined && this.#world.happens(0.9);
    const excludedKey = isExcluding ? this.#keyId : undefined;
    try {
      const answer = await this.#request(excludedKey);
      await scheduler.sleep(durationBetween(random, 1, 20));
      checkPage(this.#world, start, answer.page, excludedKey);
      if (!this.#world.happens(0.05)) return this.#store(answer, start);
      this.#world.note('a reader crashes before it stores an answer');
      return 'more';
    } catch (error) {
      if (error instanceof Crash || system.isTransient(error)) return 'more';
      if (!(error instanceof system.ApiError) || error.code !== 'cursor_expired') throw error;
      checkExpiry(this.#world, start);
      this.#position = undefined;
      return 'more';
    }
  }

  /** One request, as `functions/read-changes.ts` answers it. */
  async #request(excludedKey: string | undefined): Promise<Answer> {
    const { projectionsTable, random, secrets, system } = this.#world;
    const process = new Process(this.#world, this.#world.happens(0.05) ? 1 + random.below(4) : 0);
    const text = this.#position?.cursor;
    const page = await system.readChanges(
      {
        channels: this.#world.open(process, channelsTable),
        projections: this.#world.open(process, projectionsTable),
      },
      {
        namespace: this.#namespace,
        cursor: text === undefined ? undefined : system.openChangeCursor(text, this.#namespace, secrets),
        perPage: random.pick([1, 2, 3, 100]),
        excludedKey,
        now: process.now,
      },
    );
    return { page, cursor: system.sealChangeCursor(page.next, this.#namespace, secrets) };
  }

  #store({ page: { changes, next, hasMore }, cursor }: Answer, start: PollStart): 'complete' | 'more' {
    const { scheduler, secrets } = this.#world;
    for (const change of changes)
      if (change.type === 'upsert') this.#copy.upsert(change.channel);
      else this.#copy.delete(change._id);
    if (!hasMore && this.#completedAt === undefined) {
      this.#copy.endReading();
      this.#completedAt = start.at;
    }
    const handedOut = {
      cursor: next,
      hasMore,
      at: scheduler.now,
      readingBeganAt: this.#readingBeganAt,
      completedAt: this.#completedAt,
      secret: secrets.current,
    };
    this.#position = { cursor, handedOut };
    return hasMore ? 'more' : 'complete';
  }
}

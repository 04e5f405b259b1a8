import type { Change } from '../../../lib/dynamodb/stream-record.ts';
import type { State } from './channel-history.ts';
import { Crash, Process } from './process.ts';
import { durationBetween } from './scheduler.ts';
import type * as System from './system.ts';
import type { World } from './world.ts';

interface StreamRecord {
  sequenceNumber: string;
  change: Change;
  /** The state that this record shows for the first time. Undefined for all other records. */
  news: { namespace: string; id: string; state: State } | undefined;
}

/** Keeps the order of its records. One item is always in the same shard. */
interface Shard {
  records: StreamRecord[];
  wake: () => void;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const maxAttempts = 11;
const maxBatch = 12;

const newsIn = (records: StreamRecord[]) =>
  records
    .map(({ news }) => news)
    .filter((news) => news !== undefined)
    .map(({ namespace, id, state: { by, at } }) => ({ namespace, id, by, at }));

/**
 * The stream of the channels table, and Lambda, which lets sequencers number its records: late, again and again, two at once, and
 * with crashes. Some batches become dead letters. An operator replays them, or begins new generations if they are lost.
 */
export class Stream {
  readonly #world: World;
  readonly #shards: Shard[] = Array.from({ length: 3 }, () => ({ records: [], wake: () => undefined }));
  #lastSequenceNumber = 0;
  /** The records that are not numbered yet, or lost without a new generation. */
  #unfinished = 0;
  #hasStarted = false;

  constructor(world: World) {
    this.#world = world;
  }

  get isDrained(): boolean {
    return this.#unfinished === 0;
  }

  /** What was written before has no records. */
  start(): void {
    this.#hasStarted = true;
    for (const shard of this.#shards) this.#inBackground(() => this.#consume(shard));
  }

  add(changes: Change[]): void {
    for (const change of changes) {
      const news = this.#world.history.newStateIn(change);
      if (!this.#hasStarted) continue;
      const shard = this.#shardOf(change);
      shard.records.push({ sequenceNumber: `${++this.#lastSequenceNumber}`, change, news });
      this.#unfinished++;
      shard.wake();
    }
  }

  #shardOf({ pk, sk }: Change): Shard {
    const hash = [...pk, ...sk].reduce((sum, text) => (31 * sum + text.charCodeAt(0)) % 65_521, 0);
    return this.#shards[hash % this.#shards.length] as Shard;
  }

  async #consume(shard: Shard): Promise<void> {
    const { happens, note, random, scheduler } = this.#world;
    for (;;) {
      if (!shard.records.length)
        await new Promise<void>((resolve) => {
          shard.wake = resolve;
        });
      const lag = durationBetween(random, 5, happens(0.05) ? 3 * hour : 500);
      await scheduler.sleep(lag);
      if (lag > minute) note('the stream is late by more than a minute');
      await this.#deliver(shard.records.splice(0, 1 + random.below(maxBatch)));
    }
  }

  /** Delivers a batch until it is numbered. It may become a dead letter, and it may come again later. */
  async #deliver(batch: StreamRecord[]): Promise<void> {
    const { happens, note, random, scheduler, system } = this.#world;
    if (happens(0.03)) return this.#inBackground(() => this.#handleDeadLetter(batch));
    let numbered = new system.RememberedRecords();
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const run = this.#number(batch, numbered);
      if (happens(0.06)) {
        // Lambda takes this run for dead and starts another one, but it goes on.
        note('two sequencers number the same records at once');
        await scheduler.sleep(durationBetween(random, 1, 200));
        numbered = new system.RememberedRecords();
      } else if (await run) {
        this.#unfinished -= batch.length;
        if (happens(0.1)) this.#inBackground(() => this.#repeat(batch, numbered));
        return;
      }
    }
    this.#inBackground(() => this.#handleDeadLetter(batch));
  }

  /** Numbers a batch, as `functions/publish-events.ts` does. Returns whether it succeeded. */
  async #number(
    batch: StreamRecord[],
    numbered = new this.#world.system.RememberedRecords(),
  ): Promise<boolean> {
    const { fail, happens, logs, projectionsTable, random, system } = this.#world;
    const process = new Process(this.#world, happens(0.1) ? 1 + random.below(6) : 0);
    logs.deliver(process, newsIn(batch));
    const remaining = batch.filter(({ sequenceNumber }) => !numbered.has(sequenceNumber));
    const changes = remaining.map(({ change }) => change);
    try {
      await system.numberChanges(this.#world.open(process, projectionsTable), changes, process.now);
    } catch (error) {
      if (!(error instanceof Crash) && !system.isTransient(error)) fail(error as Error);
      return false;
    }
    logs.succeeded(process, newsIn(remaining));
    numbered.add(remaining.map(({ sequenceNumber }) => sequenceNumber));
    return true;
  }

  async #repeat(batch: StreamRecord[], numbered: System.RememberedRecords): Promise<void> {
    const { happens, note, random, scheduler } = this.#world;
    await scheduler.sleep(durationBetween(random, 1, hour));
    await this.#number(batch, happens(0.5) ? numbered : undefined);
    note('records are numbered again later');
  }

  async #handleDeadLetter(batch: StreamRecord[]): Promise<void> {
    const { happens, note, random, scheduler, system } = this.#world;
    const delay = durationBetween(random, minute, 3 * day);
    await scheduler.sleep(delay);
    if (happens(0.6)) {
      await this.#untilDone(() => this.#number(batch));
      if (delay > day) note('dead letters are replayed more than a day later');
    } else {
      for (const namespace of new Set(batch.map(({ change }) => system.namespaceOf(change.pk))))
        await this.#untilDone(() => this.beginGeneration(namespace));
      note('records are lost, and new generations begin');
    }
    this.#unfinished -= batch.length;
  }

  /** Begins a new generation, as an operator does. Returns whether it succeeded. */
  async beginGeneration(namespace: string): Promise<boolean> {
    const { fail, projectionsTable, system } = this.#world;
    const projections = this.#world.open(new Process(this.#world), projectionsTable);
    try {
      await system.beginGeneration(projections, namespace);
      return true;
    } catch (error) {
      if (!system.isTransient(error)) fail(error as Error);
      return false;
    }
  }

  async #untilDone(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt())) await this.#world.scheduler.sleep(second);
  }

  #inBackground(run: () => Promise<void>): void {
    run().catch(this.#world.fail);
  }
}

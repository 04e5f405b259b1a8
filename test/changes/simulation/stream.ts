import type { Change } from '../../../lib/dynamodb/stream-record.ts';
import type { State } from './channel-history.ts';
import { Crash, Process } from './process.ts';
import { durationBetween } from './scheduler.ts';
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
 * The stream of the channels table, and the Lambda that numbers its records: late, again and again, two at once, and with
 * crashes. Some batches become dead letters. An operator replays them, or begins new generations if they are lost.
 */
export class Stream {
  readonly #world: World;
  readonly #shards: Shard[] = Array.from({ length: 3 }, () => ({ records: [], wake: () => undefined }));
  #lastSequenceNumber = 0;
  /** Records that are neither numbered nor lost with all consequences. */
  #unfinished = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get isDrained(): boolean {
    return this.#unfinished === 0;
  }

  start(): void {
    for (const shard of this.#shards) this.#consume(shard).catch(this.#world.fail);
  }

  add(changes: Change[]): void {
    for (const change of changes) {
      const hash = [...`${change.pk}${change.sk}`].reduce((sum, text) => (sum * 31 + text.charCodeAt(0)) % 65_521, 0);
      const shard = this.#shards[hash % this.#shards.length] as Shard;
      const sequenceNumber = `${++this.#lastSequenceNumber}`;
      shard.records.push({ sequenceNumber, change, news: this.#world.history.newStateIn(change) });
      this.#unfinished++;
      shard.wake();
    }
  }

  async #consume(shard: Shard): Promise<void> {
    const { random, scheduler } = this.#world;
    for (;;) {
      // Waits for the next record.
      if (!shard.records.length)
        await new Promise<void>((resolve) => {
          shard.wake = resolve;
        });
      await scheduler.sleep(durationBetween(random, 5, this.#world.happens(0.03) ? 3 * hour : 500));
      await this.#process(shard.records.splice(0, 1 + random.below(maxBatch)));
    }
  }

  async #process(batch: StreamRecord[]): Promise<void> {
    const { happens, random, scheduler } = this.#world;
    if (happens(0.03)) return this.#inBackground(() => this.#handleDeadLetter(batch));
    let numbered = new this.#world.system.NumberedRecords();
    for (let attempt = 1; ; attempt++) {
      const run = this.#number(batch, numbered);
      if (happens(0.06)) {
        // Lambda takes the run for dead and starts another one, but it still goes on.
        run.catch(() => undefined);
        await scheduler.sleep(durationBetween(random, 1, 200));
        numbered = new this.#world.system.NumberedRecords();
        continue;
      }
      if (await run) break;
      if (attempt === maxAttempts) return this.#inBackground(() => this.#handleDeadLetter(batch));
    }
    this.#unfinished -= batch.length;
    if (happens(0.1)) this.#inBackground(() => this.#repeat(batch, numbered));
  }

  /** Numbers a batch, as `publish-events` does. Returns whether it succeeded. */
  async #number(
    batch: StreamRecord[],
    numbered: InstanceType<World['system']['NumberedRecords']>,
  ): Promise<boolean> {
    const { system, logs, projectionsTable } = this.#world;
    const crashAtCall = this.#world.happens(0.08) ? 1 + this.#world.random.below(5) : 0;
    const process = new Process(this.#world, crashAtCall);
    logs.deliver(process, newsIn(batch));
    const remaining = batch.filter(({ sequenceNumber }) => !numbered.has(sequenceNumber));
    const changes = remaining.map(({ change }) => change);
    try {
      await system.numberChanges(this.#world.open(process, projectionsTable), changes, process.now);
    } catch (error) {
      if (!(error instanceof Crash) && !system.isTransient(error)) this.#world.fail(error as Error);
      return false;
    }
    logs.succeeded(process, newsIn(remaining));
    numbered.add(remaining.map(({ sequenceNumber }) => sequenceNumber));
    return true;
  }

  async #repeat(
    batch: StreamRecord[],
    numbered: InstanceType<World['system']['NumberedRecords']>,
  ): Promise<void> {
    const { happens, random, scheduler } = this.#world;
    await scheduler.sleep(durationBetween(random, 1, hour));
    await this.#number(batch, happens(0.5) ? numbered : new this.#world.system.NumberedRecords());
  }

  async #handleDeadLetter(batch: StreamRecord[]): Promise<void> {
    const { happens, random, scheduler } = this.#world;
    await scheduler.sleep(durationBetween(random, minute, 3 * day));
    if (happens(0.6)) await this.#untilDone(() => this.#number(batch, new this.#world.system.NumberedRecords()));
    else
      for (const namespace of new Set(batch.map(({ change }) => this.#world.system.namespaceOf(change.pk))))
        await this.#untilDone(() => this.beginGeneration(namespace));
    this.#unfinished -= batch.length;
  }

  /** Begins a new generation, as an operator does. Returns whether it succeeded. */
  async beginGeneration(namespace: string): Promise<boolean> {
    const { system, projectionsTable } = this.#world;
    const projections = this.#world.open(new Process(this.#world), projectionsTable);
    try {
      await system.beginGeneration(projections, namespace);
      return true;
    } catch (error) {
      if (!system.isTransient(error)) this.#world.fail(error as Error);
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

import type { Item } from '../../../lib/dynamodb/item.ts';
import type { SealSecrets } from '../../../lib/sealed-text.ts';
import { type Random, randomFrom } from '../../support/random.ts';
import { ChannelHistory } from './channel-history.ts';
import type { Fault } from './faults.ts';
import { LogChecks } from './log-checks.ts';
import { MemoryDynamoDb } from './memory-dynamodb.ts';
import type { Process } from './process.ts';
import { Scheduler } from './scheduler.ts';
import { Stream } from './stream.ts';
import type * as System from './system.ts';

export const channelsTable = 'channels';
export const namespaces = ['acme', 'umbrella'];
const { signal } = new AbortController();

/** Everything of one run. The seed decides all of it. */
export class World {
  readonly system: typeof System;
  readonly random: Random;
  readonly scheduler = new Scheduler();
  readonly database: MemoryDynamoDb;
  readonly faultRate: number;
  readonly clockErrorMs: number;
  readonly history: ChannelHistory;
  readonly logs = new LogChecks((reason) => this.fail(reason));
  readonly stream = new Stream(this);
  /** The ids of all channels that were ever created. */
  readonly ids: string[] = [];
  secrets: SealSecrets = { current: '0'.repeat(64) };
  /** How often everything has happened. */
  readonly happened = new Map<Fault, number>();
  /** What is wrong: the run ends. */
  failure: Error | undefined;
  #projections = 1;
  #rotations = 0;

  constructor(system: typeof System, seed: number, isStreamEarly: boolean) {
    this.system = system;
    this.random = randomFrom(seed);
    this.faultRate = this.random.pick([0.01, 0.03, 0.15]);
    this.clockErrorMs = this.random.pick([0, 1_000]);
    this.history = new ChannelHistory(system);
    this.database = new MemoryDynamoDb(this.scheduler, this.random, {
      hasStream: (table) => table === channelsTable,
      isStreamEarly,
      note: (fault) => this.note(fault),
      committed: (table, items, process) => this.#committed(table, items, process),
      completed: (table, changes) => {
        if (table === channelsTable) this.stream.add(changes);
        else this.logs.completed(changes);
      },
    });
  }

  readonly note = (fault: Fault): void => {
    this.happened.set(fault, (this.happened.get(fault) ?? 0) + 1);
  };

  readonly fail = (reason: Error): void => {
    this.failure ??= reason;
  };

  readonly happens = (probability: number): boolean => this.random.next() < probability;

  get projectionsTable(): string {
    return `projections-${this.#projections}`;
  }

  /** Restores a backup: there is a new, empty table of projections. Processes that still run use the old one. */
  replaceProjections(): void {
    this.#projections++;
    this.note('a restored backup has new projections');
  }

  /** After two rotations, the first secret is gone. */
  rotateSecret(): void {
    const current = (++this.#rotations).toString(16).padStart(64, '0');
    this.secrets = { current, previous: this.secrets.current };
  }

  /** Opens a table as a process sees it. */
  open(process: Process, table: string) {
    const { Meter, Table } = this.system;
    return new Table({ client: process.client, meter: new Meter(), signal }, table);
  }

  #committed(table: string, items: Item[], process: unknown): void {
    if (table === channelsTable) this.history.add(items, this.scheduler.now);
    else this.logs.committed(items, process, this.scheduler.now);
    for (const { pk, sk, expiresAt } of items as { pk: string; sk: string; expiresAt?: number }[])
      if (expiresAt !== undefined) this.#expireLater(table, { pk, sk }, expiresAt * 1000);
  }

  /** Time to live removes an item up to ten days late. */
  #expireLater(table: string, key: { pk: string; sk: string }, expiresAt: number): void {
    const days = this.random.next() * (this.happens(0.5) ? 0.1 : 10);
    this.scheduler.at(expiresAt + days * 24 * 60 * 60 * 1000, () => {
      const { expiresAt: stored } = this.database.item(table, key) ?? {};
      if ((stored as number) * 1000 !== expiresAt) return;
      this.database.expire(table, key);
      if (table !== channelsTable) this.note('time to live removes an entry');
    });
  }
}

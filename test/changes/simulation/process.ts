import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Random } from '../../support/random.ts';
import type { Fault } from './faults.ts';
import type { Command, MemoryDynamoDb } from './memory-dynamodb.ts';
import { durationBetween, type Scheduler } from './scheduler.ts';

/** The process has ended in the middle of its work. */
export class Crash extends Error {}

const minute = 60_000;
const maxTries = 4;
const requestTimeoutMs = 3_000;

/** What a process needs of the simulation. */
export interface Surroundings {
  scheduler: Scheduler;
  random: Random;
  happens: (probability: number) => boolean;
  database: MemoryDynamoDb;
  /** How often a call or its answer is lost or late. */
  faultRate: number;
  /** How wrong the clock of a process may be, in both directions. */
  clockErrorMs: number;
  /** Counts that something has happened. */
  note: (fault: Fault) => void;
  /** Ends the run, because the code under test or the simulation itself is wrong. */
  fail: (reason: Error) => void;
}

/** The errors of DynamoDB end in "Exception". Others are errors of the simulation. */
const isOfDynamoDb = (error: unknown): boolean => (error as Error).name.endsWith('Exception');
const isInProgress = (error: unknown): boolean => (error as Error).name === 'TransactionInProgressException';

const noAnswer = Symbol('no answer');

/**
 * One run of a function, with its clock and its client. The client stands for the SDK: it repeats calls without an answer as
 * `lib/dynamodb/client.ts` does. The network loses calls and answers, and delivers calls late.
 */
export class Process {
  readonly client = {
    send: (command: Command) => this.#send(command),
  } as unknown as DynamoDBDocumentClient;
  readonly #surroundings: Surroundings;
  readonly #clockError: number;
  readonly #crashAtCall: number;
  #calls = 0;
  #hasCrashed = false;

  /** @param crashAtCall the process crashes before or while it makes this call, counted from 1; 0: it does not crash */
  constructor(surroundings: Surroundings, crashAtCall = 0) {
    this.#surroundings = surroundings;
    this.#crashAtCall = crashAtCall;
    const { clockErrorMs, random } = surroundings;
    this.#clockError = random.below(2 * clockErrorMs + 1) - clockErrorMs;
  }

  readonly now = (): number => this.#surroundings.scheduler.now + this.#clockError;

  async #send(command: Command): Promise<object> {
    const { happens, note } = this.#surroundings;
    this.#calls++;
    if (this.#calls === this.#crashAtCall) {
      this.#hasCrashed = true;
      note('a process crashes at a call');
      if (happens(0.5)) this.#deliverLater(command, minute);
    }
    if (this.#hasCrashed) throw new Crash();
    if (happens(0.01)) await this.#stopForSomeTime();
    const output = await this.#sendWithRetries(command);
    if (this.#hasCrashed) throw new Crash();
    return output;
  }

  /** Lambda may stop a function between two calls, and let it go on later. */
  async #stopForSomeTime(): Promise<void> {
    const { scheduler, random, note } = this.#surroundings;
    await scheduler.sleep(durationBetween(random, 100, 30 * minute));
    note('a process stops for some time between two calls');
  }

  async #sendWithRetries(command: Command): Promise<object> {
    let outcomeUnknown = false;
    for (let tries = 0; tries < maxTries; tries++) {
      try {
        const output = await this.#try(command);
        if (output !== noAnswer) return output;
      } catch (error) {
        if (!isOfDynamoDb(error)) this.#surroundings.fail(error as Error);
        if (!isInProgress(error)) throw Object.assign(error as Error, { outcomeUnknown });
      }
      outcomeUnknown = true;
    }
    throw Object.assign(new Error('No answer'), { name: 'TimeoutError' });
  }

  async #try(command: Command): Promise<object | typeof noAnswer> {
    const { scheduler, random, happens, database, faultRate, note } = this.#surroundings;
    if (happens(faultRate)) {
      if (happens(0.7)) this.#deliverLater(command, happens(0.5) ? 1_000 : 120 * minute);
      await scheduler.sleep(requestTimeoutMs);
      note('a call gets no answer');
      return noAnswer;
    }
    await scheduler.sleep(durationBetween(random, 1, happens(0.05) ? 2_000 : 15));
    return database.execute(command, this);
  }

  #deliverLater(command: Command, maxDelayMs: number): void {
    const { scheduler, random, database, fail, note } = this.#surroundings;
    const delay = durationBetween(random, 1, maxDelayMs);
    const deliver = async () => {
      await scheduler.sleep(delay);
      if (delay > requestTimeoutMs) note('a call arrives after it was repeated');
      await database.execute(command, this);
    };
    deliver().catch((error) => {
      if (!isOfDynamoDb(error)) fail(error);
    });
  }
}

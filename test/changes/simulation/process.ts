import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Random } from '../../support/random.ts';
import type { Command, MemoryDynamoDb } from './memory-dynamodb.ts';
import { durationBetween, type Scheduler } from './scheduler.ts';

/** The process has ended in the middle of its work. */
export class Crash extends Error {}

const minute = 60_000;
const maxTries = 4;
const requestTimeoutMs = 3_000;
const maxClockErrorMs = 1_000;

/** What a process needs of the simulation. */
export interface Surroundings {
  scheduler: Scheduler;
  random: Random;
  database: MemoryDynamoDb;
  /** How often a call or its answer is lost or late. */
  faultRate: number;
  /** Ends the run, because the code under test or the simulation itself is wrong. */
  fail: (reason: Error) => void;
}

const nameOf = (error: unknown): string => (error as Error).name;
/** The errors of DynamoDB end in "Exception". Others are errors of the simulation. */
const isOfDynamoDb = (error: unknown): boolean => nameOf(error).endsWith('Exception');

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

  /** @param crashAtCall before or after which call the process crashes, counted from 1; 0 for none */
  constructor(surroundings: Surroundings, crashAtCall = 0) {
    this.#surroundings = surroundings;
    this.#crashAtCall = crashAtCall;
    this.#clockError = surroundings.random.below(2 * maxClockErrorMs + 1) - maxClockErrorMs;
  }

  readonly now = (): number => this.#surroundings.scheduler.now + this.#clockError;

  async #send(command: Command): Promise<object> {
    this.#calls++;
    if (this.#calls === this.#crashAtCall) {
      this.#hasCrashed = true;
      if (this.#happens(0.5)) this.#deliverLater(command, minute);
    }
    if (this.#hasCrashed) throw new Crash();
    const output = await this.#sendWithRetries(command);
    if (this.#hasCrashed) throw new Crash();
    return output;
  }

  async #sendWithRetries(command: Command): Promise<object> {
    const { scheduler, random, fail, faultRate } = this.#surroundings;
    // Lambda may stop a function between two calls, and let it go on later.
    if (this.#happens(0.01)) await scheduler.sleep(durationBetween(random, 100, 30 * minute));
    let outcomeUnknown = false;
    for (let tries = 0; tries < maxTries; tries++) {
      if (this.#happens(faultRate)) {
        outcomeUnknown = true;
        // The call is lost, or only its answer, or it arrives late.
        if (this.#happens(0.7)) this.#deliverLater(command, this.#happens(0.5) ? 1_000 : 120 * minute);
        await scheduler.sleep(requestTimeoutMs);
        continue;
      }
      try {
        return await this.#deliver(command);
      } catch (error) {
        if (!isOfDynamoDb(error)) fail(error as Error);
        if (nameOf(error) !== 'TransactionInProgressException')
          throw outcomeUnknown ? Object.assign(error as Error, { outcomeUnknown }) : error;
        outcomeUnknown = true;
      }
    }
    throw Object.assign(new Error('No answer'), { name: 'TimeoutError' });
  }

  async #deliver(command: Command): Promise<object> {
    const { scheduler, random, database } = this.#surroundings;
    await scheduler.sleep(durationBetween(random, 1, this.#happens(0.05) ? 2_000 : 15));
    return database.execute(command, this);
  }

  #deliverLater(command: Command, maxDelayMs: number): void {
    const { scheduler, random, database, fail } = this.#surroundings;
    const deliver = async () => {
      await scheduler.sleep(durationBetween(random, 1, maxDelayMs));
      await database.execute(command, this);
    };
    deliver().catch((error) => {
      if (!isOfDynamoDb(error)) fail(error);
    });
  }

  #happens(probability: number): boolean {
    return this.#surroundings.random.next() < probability;
  }
}

import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Change } from '../../../lib/dynamodb/stream-record.ts';
import type { Random } from '../../support/random.ts';
import { conditionHolds, type Expressions, rangeOf, updated } from './expressions.ts';
import type { Fault } from './faults.ts';
import { type Key, latest, MemoryTables, type Slot } from './memory-tables.ts';
import { durationBetween, type Scheduler } from './scheduler.ts';

type WriteKind = 'Put' | 'Update' | 'Delete';
type WriteInput = Expressions & { TableName: string; Item?: Item; Key?: Item };

interface GetInput {
  TableName: string;
  Key: Key;
  ConsistentRead?: boolean;
}
interface BatchGetInput {
  RequestItems: Record<string, { Keys: Key[]; ConsistentRead?: boolean }>;
}
type QueryInput = Expressions & { TableName: string; ConsistentRead?: boolean; Limit?: number };
interface TransactInput {
  TransactItems: Record<WriteKind, WriteInput>[];
  ClientRequestToken?: string;
}

/** A write whose condition held. */
interface PlannedWrite {
  slot: Slot;
  table: string;
  key: Key;
  after: Item | undefined;
}

/** What the rest of the simulation says of tables, and learns of writes. */
export interface WriteListener {
  hasStream(table: string): boolean;
  /** Whether the stream already shows the visible items of a transaction before all of them are visible. */
  isStreamEarly: boolean;
  /** A write is certain from now on. Its items become visible one by one. */
  committed(table: string, items: Item[], process: unknown): void;
  /** All items of a write are visible. Its process does not know this yet. */
  completed(table: string, changes: Change[]): void;
  note(fault: Fault): void;
}

/** A command of `@aws-sdk/lib-dynamodb`. */
export interface Command {
  input: object;
}

const expressions = ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'];
const put = ['TableName', 'Item', ...expressions];
const update = ['TableName', 'Key', 'UpdateExpression', ...expressions];
const knownInputs: Record<string, string[]> = {
  GetCommand: ['TableName', 'Key', 'ConsistentRead'],
  BatchGetCommand: ['RequestItems'],
  QueryCommand: ['TableName', 'KeyConditionExpression', 'ConsistentRead', 'Limit', ...expressions],
  PutCommand: put,
  UpdateCommand: update,
  TransactWriteCommand: ['TransactItems', 'ClientRequestToken'],
  Put: put,
  Update: update,
  Delete: ['TableName', 'Key', ...expressions],
};
const onlyForAnswers = ['ReturnConsumedCapacity', 'ReturnValues', 'ReturnValuesOnConditionCheckFailure'];

/** @throws Error for a command, a kind of write, or a parameter that is not known */
const checkInput = (kind: string, input: object): void => {
  const known = knownInputs[kind];
  const unknown = Object.keys(input).find((name) => !known?.includes(name) && !onlyForAnswers.includes(name));
  if (!known || unknown) throw new Error(`The in-memory DynamoDB does not know ${unknown} of ${kind}`);
};

const keyOf = ({ pk, sk }: Item): Key => ({ pk, sk }) as Key;
const metadata = { httpStatusCode: 400 };
const tokenLifetimeMs = 10 * 60 * 1000;

/**
 * DynamoDB in memory, as far as the changes need it. What it does not know is an error. It shows what DynamoDB Local cannot:
 * the items of a transaction become visible one by one, transactions conflict, and a read that is not strongly consistent is
 * old.
 */
export class MemoryDynamoDb {
  readonly #tables: MemoryTables;
  /** The transactions by their tokens. */
  readonly #transactions = new Map<string, { isDone: boolean; at: number }>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #listener: WriteListener;

  constructor(scheduler: Scheduler, random: Random, listener: WriteListener) {
    this.#tables = new MemoryTables(scheduler, random);
    this.#scheduler = scheduler;
    this.#random = random;
    this.#listener = listener;
  }

  /** An item as it is now. */
  item(table: string, key: Key): Item | undefined {
    return this.#tables.read(table, key, true);
  }

  /** Removes an item, as time to live does. */
  expire(table: string, key: Key): void {
    const before = this.item(table, key);
    if (!before) return;
    this.#tables.show(this.#tables.slot(table, key), undefined);
    this.#listener.completed(table, [{ ...key, before, after: undefined }]);
  }

  /** Carries out a command. It begins at once, and may take some time. */
  async execute(command: Command, process: unknown): Promise<object> {
    const kind = command.constructor.name;
    const { input } = command;
    checkInput(kind, input);
    if (kind === 'GetCommand') return this.#get(input as GetInput);
    if (kind === 'BatchGetCommand') return this.#batchGet(input as BatchGetInput);
    if (kind === 'QueryCommand') return this.#query(input as QueryInput);
    if (kind === 'PutCommand') return this.#writeOne('Put', input as WriteInput, process);
    if (kind === 'UpdateCommand') return this.#writeOne('Update', input as WriteInput, process);
    return this.#transact(input as TransactInput, process);
  }

  #get({ TableName, Key, ConsistentRead = false }: GetInput): object {
    return { Item: this.#tables.read(TableName, Key, ConsistentRead) };
  }

  /** Reads the items in any order, and not at the same moment. Some may be left unprocessed. */
  async #batchGet({ RequestItems }: BatchGetInput): Promise<object> {
    const [table, request] = Object.entries(RequestItems)[0] as [
      string,
      { Keys: Key[]; ConsistentRead?: boolean },
    ];
    const keys = this.#random.shuffle(request.Keys);
    const unprocessed = this.#happens(0.05) ? keys.splice(this.#random.below(keys.length)) : [];
    const pause = this.#happens(0.3) ? this.#random.below(keys.length) : -1;
    const items: Item[] = [];
    for (const [index, key] of keys.entries()) {
      if (index === pause) await this.#pause();
      const item = this.#tables.read(table, key, request.ConsistentRead ?? false);
      if (item) items.push(item);
    }
    return {
      Responses: { [table]: items },
      UnprocessedKeys: unprocessed.length ? { [table]: { Keys: unprocessed } } : {},
    };
  }

  /** Reads a range, sometimes its end later than its begin. A page may end early. */
  async #query(query: QueryInput): Promise<object> {
    const range = rangeOf(query);
    const { TableName, ConsistentRead = false, Limit = Number.POSITIVE_INFINITY } = query;
    if (range.first > range.last)
      throw new Error('The range of the query is empty: DynamoDB would refuse it.');
    let items = this.#tables.readRange(TableName, range, ConsistentRead);
    if (items.length > 1 && this.#happens(0.3)) {
      const early = items.slice(0, this.#random.below(items.length) + 1);
      const border = early.at(-1)?.sk as string;
      await this.#pause();
      const later = this.#tables.readRange(TableName, range, ConsistentRead);
      items = [...early, ...later.filter(({ sk }) => (sk as string) > border)];
    }
    const early = this.#happens(0.05) ? this.#random.below(items.length) + 1 : Limit;
    const page = items.slice(0, Math.min(early, Limit));
    const last = page.at(-1);
    const mayHaveMore = page.length === Limit || page.length < items.length;
    return { Items: page, Count: page.length, ...(last && mayHaveMore && { LastEvaluatedKey: keyOf(last) }) };
  }

  #plan(kind: WriteKind, write: WriteInput): PlannedWrite {
    const key = keyOf((write.Item ?? write.Key) as Item);
    const slot = this.#tables.slot(write.TableName, key);
    const planned = { slot, table: write.TableName, key };
    if (kind === 'Put') return { ...planned, after: write.Item };
    if (kind === 'Delete') return { ...planned, after: undefined };
    return { ...planned, after: updated({ ...write, Key: { ...key } }, latest(slot)) };
  }

  #writeOne(kind: WriteKind, write: WriteInput, process: unknown): object {
    const { slot, table, key, after } = this.#plan(kind, write);
    const before = latest(slot);
    if (slot.isLocked) throw new TransactionConflictException({ $metadata: metadata, message: 'conflict' });
    if (!conditionHolds(write, before))
      throw new ConditionalCheckFailedException({ $metadata: metadata, message: 'condition' });
    this.#listener.committed(table, after ? [after] : [], process);
    this.#tables.show(slot, after);
    this.#listener.completed(table, [{ ...key, before, after }]);
    return { Attributes: after };
  }

  async #transact({ TransactItems, ClientRequestToken }: TransactInput, process: unknown): Promise<object> {
    const earlier = this.#transactions.get(ClientRequestToken ?? '');
    if (earlier && this.#scheduler.now - earlier.at < tokenLifetimeMs) {
      if (earlier.isDone) return {};
      throw new TransactionInProgressException({ $metadata: metadata, message: 'in progress' });
    }
    const writes = TransactItems.map((item) => Object.entries(item)[0] as [WriteKind, WriteInput]);
    for (const [kind, write] of writes) checkInput(kind, write);
    const planned = writes.map(([kind, write]) => this.#plan(kind, write));
    const reasons = planned.map(({ slot }, index) => {
      if (slot.isLocked) return 'TransactionConflict';
      return conditionHolds((writes[index] as [WriteKind, WriteInput])[1], latest(slot))
        ? 'None'
        : 'ConditionalCheckFailed';
    });
    if (reasons.includes('TransactionConflict')) this.#listener.note('two transactions conflict');
    if (reasons.some((reason) => reason !== 'None'))
      throw new TransactionCanceledException({
        $metadata: metadata,
        message: 'cancelled',
        CancellationReasons: reasons.map((Code) => ({ Code })),
      });
    const transaction = { isDone: false, at: this.#scheduler.now };
    if (ClientRequestToken) this.#transactions.set(ClientRequestToken, transaction);
    await this.#showOneByOne(planned, process);
    transaction.isDone = true;
    return {};
  }

  async #showOneByOne(planned: PlannedWrite[], process: unknown): Promise<void> {
    const table = (planned[0] as PlannedWrite).table;
    const { isStreamEarly } = this.#listener;
    const hasStream = this.#listener.hasStream(table);
    for (const { slot } of planned) slot.isLocked = true;
    const after = planned.map((write) => write.after).filter((item) => item !== undefined);
    this.#listener.committed(table, after, process);
    const changes: Change[] = [];
    for (const { slot, key, after } of this.#random.shuffle(planned)) {
      if (changes.length && this.#happens(0.8)) {
        this.#listener.note('a transaction becomes visible in part');
        await this.#pause();
      }
      const change = { ...key, before: latest(slot), after };
      this.#tables.show(slot, after);
      // With a stream, the next write of this item waits for the end, so that the records of an item are in order.
      if (!hasStream) slot.isLocked = false;
      changes.push(change);
      if (isStreamEarly) this.#listener.completed(table, [change]);
    }
    if (hasStream) for (const { slot } of planned) slot.isLocked = false;
    // The stream begins to show a transaction when it is complete ("Amazon DynamoDB Transactions: How it works").
    if (!isStreamEarly) this.#listener.completed(table, changes);
  }

  #happens(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** Mostly milliseconds. A transaction that stalls takes seconds. */
  #pause(): Promise<void> {
    return this.#scheduler.sleep(durationBetween(this.#random, 1, this.#happens(0.05) ? 20_000 : 200));
  }
}

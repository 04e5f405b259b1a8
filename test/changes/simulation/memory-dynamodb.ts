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
import { durationBetween, type Scheduler } from './scheduler.ts';

interface Key {
  pk: string;
  sk: string;
}

type PlannedWrite = Expressions & { TableName: string; Item?: Item; Key?: Item };
type WriteKind = 'Put' | 'Update' | 'Delete';

/** An item with its former states, for reads that are not strongly consistent. */
interface Slot {
  states: { since: number; item: Item | undefined }[];
  /** Whether a transaction is about to write it. */
  isLocked: boolean;
}

interface SlotWrite {
  slot: Slot;
  table: string;
  key: Key;
  after: Item | undefined;
}

/** What the rest of the simulation learns of writes. */
export interface WriteListener {
  hasStream(table: string): boolean;
  /** A write is certain from now on. Its items become visible one by one. */
  committed(table: string, items: Item[], process: unknown): void;
  /** All items of a write are visible. Its process does not know this yet. */
  completed(table: string, changes: Change[]): void;
}

export interface Command {
  input: object;
}

const metadata = { httpStatusCode: 400 };
const latest = ({ states }: Slot): Item | undefined => states.at(-1)?.item;
const keyOf = ({ pk, sk }: Item): Key => ({ pk, sk }) as Key;

const maxLagMs = 2_000;
const tokenLifetimeMs = 10 * 60 * 1000;

const checkInput = (kind: string, input: object, known: string[]): void => {
  const unknown = Object.keys(input).filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`The in-memory DynamoDB does not know ${unknown} of ${kind}`);
};
const expressions = ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'];
const returns = [
  'ReturnConsumedCapacity',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
  'ClientRequestToken',
];
const knownInputs: Record<string, string[]> = {
  GetCommand: ['TableName', 'Key', 'ConsistentRead'],
  BatchGetCommand: ['RequestItems'],
  QueryCommand: ['TableName', 'KeyConditionExpression', 'ConsistentRead', 'Limit', ...expressions],
  PutCommand: ['TableName', 'Item', ...expressions],
  UpdateCommand: ['TableName', 'Key', 'UpdateExpression', ...expressions],
  TransactWriteCommand: ['TransactItems'],
  Put: ['TableName', 'Item', ...expressions],
  Update: ['TableName', 'Key', 'UpdateExpression', ...expressions],
  Delete: ['TableName', 'Key', ...expressions],
};

/**
 * DynamoDB in memory, as far as the changes need it. What it does not know is an error. It shows what DynamoDB Local cannot:
 * the items of a transaction become visible one by one, transactions conflict, and a read that is not strongly consistent is
 * old.
 */
export class MemoryDynamoDb {
  readonly #tables = new Map<string, Map<string, Map<string, Slot>>>();
  readonly #tokens = new Map<string, { isDone: boolean; at: number }>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #listener: WriteListener;

  constructor(scheduler: Scheduler, random: Random, listener: WriteListener) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#listener = listener;
  }

  /** The items of a partition as they are now, in order. */
  itemsIn(table: string, pk: string): Item[] {
    return [...(this.#tables.get(table)?.get(pk) ?? [])]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, slot]) => latest(slot))
      .filter((item) => item !== undefined);
  }

  item(table: string, key: Key): Item | undefined {
    const slot = this.#tables.get(table)?.get(key.pk)?.get(key.sk);
    return slot && latest(slot);
  }

  /** Removes an item, as time to live does. */
  expire(table: string, key: Key): void {
    const before = this.item(table, key);
    if (!before) return;
    this.#show({ slot: this.#slot(table, key), table, key, after: undefined });
    this.#listener.completed(table, [{ ...key, before, after: undefined }]);
  }

  /** Carries out a command, at this moment and for as long as it takes. */
  async execute(command: Command, process: unknown): Promise<object> {
    const kind = command.constructor.name;
    const input = command.input as never;
    checkInput(kind, input, [...(knownInputs[kind] ?? []), ...returns]);
    if (kind === 'GetCommand') return this.#get(input);
    if (kind === 'BatchGetCommand') return this.#batchGet(input);
    if (kind === 'QueryCommand') return this.#query(input);
    if (kind === 'PutCommand') return this.#writeOne('Put', input, process);
    if (kind === 'UpdateCommand') return this.#writeOne('Update', input, process);
    if (kind === 'TransactWriteCommand') return this.#transact(input, process);
    throw new Error(`The in-memory DynamoDB does not know the command ${kind}`);
  }

  #slot(table: string, { pk, sk }: Key): Slot {
    const partitions = this.#tables.get(table) ?? new Map<string, Map<string, Slot>>();
    this.#tables.set(table, partitions);
    const slots = partitions.get(pk) ?? new Map<string, Slot>();
    partitions.set(pk, slots);
    const slot = slots.get(sk) ?? { states: [{ since: 0, item: undefined }], isLocked: false };
    slots.set(sk, slot);
    return slot;
  }

  #read(slot: Slot | undefined, isConsistent: boolean): Item | undefined {
    if (!slot) return undefined;
    if (isConsistent) return latest(slot);
    const time = this.#scheduler.now - this.#random.below(maxLagMs);
    return slot.states.findLast(({ since }) => since <= time)?.item;
  }

  #get({ TableName, Key, ConsistentRead = false }: { TableName: string; Key: Key; ConsistentRead?: boolean }) {
    return { Item: this.#read(this.#tables.get(TableName)?.get(Key.pk)?.get(Key.sk), ConsistentRead) };
  }

  async #batchGet({
    RequestItems,
  }: {
    RequestItems: Record<string, { Keys: Key[]; ConsistentRead?: boolean }>;
  }) {
    const [table, { Keys, ConsistentRead = false }] = Object.entries(RequestItems)[0] as [
      string,
      { Keys: Key[]; ConsistentRead?: boolean },
    ];
    const keys = this.#random.shuffle(Keys);
    const unprocessed = this.#happens(0.05) ? keys.splice(this.#random.below(keys.length)) : [];
    const pause = this.#happens(0.3) ? this.#random.below(keys.length) : -1;
    const items: Item[] = [];
    for (const [index, Key] of keys.entries()) {
      if (index === pause) await this.#pause();
      const { Item } = this.#get({ TableName: table, Key, ConsistentRead });
      if (Item) items.push(Item);
    }
    return {
      Responses: { [table]: items },
      UnprocessedKeys: unprocessed.length ? { [table]: { Keys: unprocessed } } : {},
    };
  }

  async #query(
    query: Expressions & { TableName: string; ConsistentRead?: boolean; Limit?: number },
  ): Promise<object> {
    const { pk, first, last } = rangeOf(query);
    const { TableName, ConsistentRead = false, Limit = Number.POSITIVE_INFINITY } = query;
    if (first > last) throw new Error('The range of the query is empty: DynamoDB would refuse it.');
    let items = this.#range(TableName, pk, first, last, ConsistentRead);
    if (items.length > 1 && this.#happens(0.3)) {
      // The first items are read earlier than the others.
      const early = items.slice(0, this.#random.below(items.length) + 1);
      const border = early.at(-1)?.sk as string;
      await this.#pause();
      const later = this.#range(TableName, pk, first, last, ConsistentRead);
      items = [...early, ...later.filter(({ sk }) => (sk as string) > border)];
    }
    const length = this.#happens(0.05) ? this.#random.below(items.length) + 1 : Limit;
    const page = items.slice(0, Math.min(length, Limit));
    const lastItem = page.at(-1);
    const isFull = page.length === Limit || page.length < items.length;
    return {
      Items: page,
      Count: page.length,
      ...(isFull && lastItem && { LastEvaluatedKey: keyOf(lastItem) }),
    };
  }

  #range(table: string, pk: string, first: string, last: string, isConsistent: boolean): Item[] {
    return [...(this.#tables.get(table)?.get(pk) ?? [])]
      .filter(([sk]) => first <= sk && sk <= last)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, slot]) => this.#read(slot, isConsistent))
      .filter((item) => item !== undefined);
  }

  #plan(kind: WriteKind, write: PlannedWrite): SlotWrite {
    const key = keyOf((write.Item ?? write.Key) as Item);
    const slot = this.#slot(write.TableName, key);
    const after = {
      Put: () => write.Item,
      Update: () => updated(write as PlannedWrite & { Key: Item }, latest(slot)),
      Delete: () => undefined,
    }[kind]();
    return { slot, table: write.TableName, key, after };
  }

  #show({ slot, after }: SlotWrite): void {
    slot.states.push({ since: this.#scheduler.now, item: after });
  }

  #writeOne(kind: WriteKind, write: PlannedWrite, process: unknown): object {
    const planned = this.#plan(kind, write);
    const { slot, table, key, after } = planned;
    if (slot.isLocked) throw new TransactionConflictException({ $metadata: metadata, message: 'conflict' });
    const before = latest(slot);
    if (!conditionHolds(write, before))
      throw new ConditionalCheckFailedException({ $metadata: metadata, message: 'condition' });
    this.#listener.committed(table, after ? [after] : [], process);
    this.#show(planned);
    this.#listener.completed(table, [{ ...key, before, after }]);
    return { Attributes: after };
  }

  async #transact(
    input: { TransactItems: Record<WriteKind, PlannedWrite>[]; ClientRequestToken?: string },
    process: unknown,
  ): Promise<object> {
    const { ClientRequestToken: token = `${Math.random()}` } = input;
    const earlier = this.#tokens.get(token);
    if (earlier && this.#scheduler.now - earlier.at < tokenLifetimeMs) {
      if (earlier.isDone) return {};
      throw new TransactionInProgressException({ $metadata: metadata, message: 'in progress' });
    }
    const writes = input.TransactItems.map(
      (item) => Object.entries(item)[0] as [kind: WriteKind, PlannedWrite],
    );
    for (const [kind, write] of writes) checkInput(kind, write, [...(knownInputs[kind] ?? []), ...returns]);
    const planned = writes.map(([kind, write]) => this.#plan(kind, write));
    const reasons = writes.map(([, write], index) => {
      const { slot } = planned[index] as SlotWrite;
      if (slot.isLocked) return 'TransactionConflict';
      return conditionHolds(write, latest(slot)) ? 'None' : 'ConditionalCheckFailed';
    });
    if (reasons.some((reason) => reason !== 'None'))
      throw new TransactionCanceledException({
        $metadata: metadata,
        message: 'cancelled',
        CancellationReasons: reasons.map((Code) => ({ Code })),
      });
    await this.#showOneByOne(planned, token, process);
    return {};
  }

  async #showOneByOne(planned: SlotWrite[], token: string, process: unknown): Promise<void> {
    const table = planned[0]?.table as string;
    const progress = { isDone: false, at: this.#scheduler.now };
    this.#tokens.set(token, progress);
    for (const { slot } of planned) slot.isLocked = true;
    const after = planned.map((write) => write.after).filter((item) => item !== undefined);
    this.#listener.committed(table, after, process);
    const changes: Change[] = [];
    for (const write of this.#random.shuffle(planned)) {
      if (this.#happens(0.5)) await this.#pause();
      changes.push({ ...write.key, before: latest(write.slot), after: write.after });
      this.#show(write);
      // With a stream, the next write of this item waits, so that the records of an item are in order.
      if (!this.#listener.hasStream(table)) write.slot.isLocked = false;
    }
    if (this.#listener.hasStream(table)) for (const { slot } of planned) slot.isLocked = false;
    progress.isDone = true;
    // The stream begins to show a transaction when it is complete ("Amazon DynamoDB Transactions: How it works").
    this.#listener.completed(table, changes);
  }

  #happens(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** Mostly milliseconds. A stalled transaction takes seconds. */
  #pause(): Promise<void> {
    return this.#scheduler.sleep(durationBetween(this.#random, 1, this.#happens(0.05) ? 20_000 : 100));
  }
}

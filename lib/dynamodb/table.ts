import { setMaxListeners } from 'node:events';
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  DeleteCommand,
  type DeleteCommandInput,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { endOnLostAnswer } from './client.ts';
import { Throttled } from './failures.ts';
import type { Item } from './item.ts';
import { again, retry } from './retry.ts';
import { call, retryContention, type Session } from './session.ts';
import { type TransactItem, transact } from './transact.ts';

/** A number is the sort key of an index. */
type Key = Record<string, string | number>;
type OnThisTable<Input> = Input extends unknown ? Omit<Input, 'TableName' | 'ReturnConsumedCapacity'> : never;

/** One write of a transaction, without the name of its table. */
export type Write = {
  [Kind in keyof TransactItem]: OnThisTable<NonNullable<TransactItem[Kind]>>;
};
export type Query = OnThisTable<QueryCommandInput>;
export type Update = OnThisTable<UpdateCommandInput>;

export interface QueryPage {
  items: Item[];
  /** The next page begins after this key. Absent on the last page. Even a short or empty page may have one. */
  lastKey: Key | undefined;
  count: number;
  /** The read units that the page consumed. */
  units: number;
}

const maxBatchGetKeys = 100;
const metered = { ReturnConsumedCapacity: 'TOTAL' } as const;

/** A table as one request sees it. Every method throws the classes of `failures.ts`. */
export class Table {
  readonly session: Session;
  readonly name: string;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
    // Each call of the SDK leaves one or two listeners behind. Node would report the eleventh as a leak.
    setMaxListeners(0, session.signal);
  }

  get signal(): AbortSignal {
    return this.session.signal;
  }

  /** Reads one item, strongly consistent. */
  async get(key: Key): Promise<Item | undefined> {
    const { client } = this.session;
    const command = new GetCommand({ TableName: this.name, Key: key, ConsistentRead: true, ...metered });
    const { Item } = await call(this.session, 'read', (options) => client.send(command, options));
    return Item;
  }

  /**
   * Reads any number of items, in no order. Asks again for keys that DynamoDB left unprocessed.
   * @param options.consistent false: an item may be a moment old, and costs half as much
   */
  async batchGet(keys: Key[], { consistent = true } = {}): Promise<Item[]> {
    const items: Item[] = [];
    let remaining = keys;
    const readRemaining = async (): Promise<Item[] | typeof again> => {
      const unprocessed: Key[] = [];
      for (let start = 0; start < remaining.length; start += maxBatchGetKeys) {
        const page = await this.#batchGetPage(remaining.slice(start, start + maxBatchGetKeys), consistent);
        items.push(...page.items);
        unprocessed.push(...page.unprocessed);
      }
      remaining = unprocessed;
      return remaining.length ? again : items;
    };
    const exhausted = () => {
      throw new Throttled();
    };
    return retry(readRemaining, { signal: this.signal, exhausted });
  }

  async #batchGetPage(keys: Key[], consistent: boolean): Promise<{ items: Item[]; unprocessed: Key[] }> {
    const { client } = this.session;
    const command = new BatchGetCommand({
      RequestItems: { [this.name]: { Keys: keys, ConsistentRead: consistent } },
      ...metered,
    });
    const { Responses, UnprocessedKeys }: BatchGetCommandOutput = await call(
      this.session,
      'read',
      (options) => client.send(command, options),
    );
    return {
      items: Responses?.[this.name] ?? [],
      unprocessed: (UnprocessedKeys?.[this.name]?.Keys as Key[] | undefined) ?? [],
    };
  }

  /** Reads one page of at most 1 MB. */
  async query(query: Query): Promise<QueryPage> {
    const { client } = this.session;
    const command = new QueryCommand({ TableName: this.name, ...query, ...metered });
    const output = await call(this.session, 'read', (options) => client.send(command, options));
    return {
      items: output.Items ?? [],
      lastKey: output.LastEvaluatedKey,
      count: output.Count ?? 0,
      units: output.ConsumedCapacity?.CapacityUnits ?? 0,
    };
  }

  /**
   * Reads the whole table, strongly consistent, or one whole index, which may be behind, a page at a time. Only commands and
   * schedules use it, never a request.
   */
  async *scan(index?: string): AsyncGenerator<Item> {
    const { client } = this.session;
    let from: Key | undefined;
    do {
      const command = new ScanCommand({
        TableName: this.name,
        IndexName: index,
        ConsistentRead: index === undefined,
        ExclusiveStartKey: from,
        ...metered,
      });
      const { Items = [], LastEvaluatedKey } = await call(this.session, 'read', (options) =>
        client.send(command, options),
      );
      yield* Items;
      from = LastEvaluatedKey;
    } while (from);
  }

  async put(put: OnThisTable<PutCommandInput>): Promise<void> {
    const { client } = this.session;
    const command = new PutCommand({ TableName: this.name, ...put, ...metered });
    await retryContention(this.session, () =>
      call(this.session, 'write', (options) => client.send(command, options)),
    );
  }

  async delete(input: OnThisTable<DeleteCommandInput>): Promise<void> {
    const { client } = this.session;
    const command = new DeleteCommand({ TableName: this.name, ...input, ...metered });
    await retryContention(this.session, () =>
      call(this.session, 'write', (options) => client.send(command, options)),
    );
  }

  /**
   * Changes one item in one round trip.
   * @param options.once never sends the update again after a try without an answer: for an update whose condition would
   * not recognise its own earlier try
   * @returns the item after the change
   */
  async update(update: Update, { once = false } = {}): Promise<Item> {
    const { client } = this.session;
    const command = new UpdateCommand({
      TableName: this.name,
      ...update,
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...metered,
    });
    if (once) endOnLostAnswer(command);
    return retryContention(this.session, async () => {
      const { Attributes } = await call(this.session, 'write', (options) => client.send(command, options));
      return Attributes ?? {};
    });
  }

  /** Adds the name of this table to writes, for a transaction over several tables. */
  qualify(writes: Write[]): TransactItem[] {
    return writes.map(
      (write) =>
        Object.fromEntries(
          Object.entries(write).map(([kind, input]) => [kind, { TableName: this.name, ...input }]),
        ) as TransactItem,
    );
  }

  /** Writes all or nothing in this table: see `transact`. */
  async transact(draw: () => Write[]): Promise<void> {
    await transact(this.session, () => ({ writes: this.qualify(draw()), result: undefined }));
  }
}

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  BatchGetCommand,
  type BatchGetCommandOutput,
  DeleteCommand,
  type DeleteCommandInput,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { attempts } from './retry.ts';
import { WriteContention, conflict, tooManyRequests, translateFailure } from './failures.ts';
import type { Item } from './item.ts';
import type { Meter } from './meter.ts';

/** The numbers in it are sort keys of indexes. */
type Key = Record<string, string | number>;
type OnThisTable<Input> = Input extends unknown ? Omit<Input, 'TableName' | 'ReturnConsumedCapacity'> : never;
type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** One write of a transaction: in the table that runs it, or in another that it names. */
export type Write = {
  [Kind in keyof TransactItem]: OnThisTable<NonNullable<TransactItem[Kind]>> & { TableName?: string };
};
export type Query = OnThisTable<QueryCommandInput>;
export type Update = OnThisTable<UpdateCommandInput>;

export interface QueryPage {
  items: Item[];
  /** Where the next page begins; absent at the end. A page may be short, or empty, and still have one. */
  lastKey: Key | undefined;
  count: number;
  /** The read units that it consumed. */
  units: number;
}

const batchGetLimit = 100;
const metered = { ReturnConsumedCapacity: 'TOTAL' } as const;

const attemptsOf = (outcome: unknown) =>
  (outcome as { $metadata?: { attempts?: number } } | undefined)?.$metadata?.attempts ?? 1;

/**
 * A table as one request sees it: with the request's deadline, and counting what the request consumes. Rejects with
 * `ConditionFailed`, `TransactionRefused`, or the ApiErrors `conflict`, `too_many_requests` and `unavailable`.
 */
export class Table {
  readonly #client: DynamoDBDocumentClient;
  readonly name: string;
  readonly #meter: Meter;
  readonly signal: AbortSignal;

  constructor(client: DynamoDBDocumentClient, name: string, meter: Meter, signal: AbortSignal) {
    this.#client = client;
    this.name = name;
    this.#meter = meter;
    this.signal = signal;
    // The SDK leaves a listener or two behind with each call; Node would take the eleventh for a leak.
    setMaxListeners(0, signal);
  }

  /** Reads one item, strongly consistent. */
  async get(key: Key): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.name, Key: key, ConsistentRead: true, ...metered });
    const { Item } = await this.#call('read', (options) => this.#client.send(command, options));
    return Item;
  }

  /** Reads any number of items, strongly consistent, in no order; what DynamoDB leaves unprocessed is asked again. */
  async batchGet(keys: Key[]): Promise<Item[]> {
    const items: Item[] = [];
    let left = keys;
    for await (const _ of attempts(this.signal)) {
      const unprocessed: Key[] = [];
      for (let start = 0; start < left.length; start += batchGetLimit) {
        const Keys = left.slice(start, start + batchGetLimit);
        const command = new BatchGetCommand({
          RequestItems: { [this.name]: { Keys, ConsistentRead: true } },
          ...metered,
        });
        const output: BatchGetCommandOutput = await this.#call('read', (options) =>
          this.#client.send(command, options),
        );
        items.push(...(output.Responses?.[this.name] ?? []));
        unprocessed.push(...((output.UnprocessedKeys?.[this.name]?.Keys as Key[] | undefined) ?? []));
      }
      if (!unprocessed.length) return items;
      left = unprocessed;
    }
    throw tooManyRequests();
  }

  /** Reads one page of at most 1 MB. */
  async query(query: Query): Promise<QueryPage> {
    const command = new QueryCommand({ TableName: this.name, ...query, ...metered });
    const output = await this.#call('read', (options) => this.#client.send(command, options));
    return {
      items: output.Items ?? [],
      lastKey: output.LastEvaluatedKey,
      count: output.Count ?? 0,
      units: output.ConsumedCapacity?.CapacityUnits ?? 0,
    };
  }

  /**
   * Reads the whole table, or one index of it, a page at a time. For commands that a person runs and for what a schedule
   * does, never for a request.
   */
  async *scan(index?: string): AsyncGenerator<Item> {
    let from: Key | undefined;
    do {
      const command = new ScanCommand({
        TableName: this.name,
        IndexName: index,
        ExclusiveStartKey: from,
        ...metered,
      });
      const { Items = [], LastEvaluatedKey } = await this.#call('read', (options) =>
        this.#client.send(command, options),
      );
      yield* Items;
      from = LastEvaluatedKey;
    } while (from);
  }

  async put(put: OnThisTable<PutCommandInput>): Promise<void> {
    const command = new PutCommand({ TableName: this.name, ...put, ...metered });
    await this.#call('write', (options) => this.#client.send(command, options));
  }

  async delete(input: OnThisTable<DeleteCommandInput>): Promise<void> {
    const command = new DeleteCommand({ TableName: this.name, ...input, ...metered });
    await this.#persistently(() => this.#call('write', (options) => this.#client.send(command, options)));
  }

  /** Changes one item in one round trip, and answers it then is. */
  async update(update: Update): Promise<Item> {
    const command = new UpdateCommand({
      TableName: this.name,
      ...update,
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...metered,
    });
    return this.#persistently(async () => {
      const { Attributes } = await this.#call('write', (options) => this.#client.send(command, options));
      return Attributes ?? {};
    });
  }

  /**
   * Writes all or nothing, at most 100 items. `draw` is asked for the writes of every try, since a try that was
   * certainly cancelled may choose anew (another shard of a counter). A try whose outcome is unknown is repeated by the
   * SDK with the same token and the same writes, so that it can't happen twice (DynamoDB's ClientRequestToken).
   */
  async transact(draw: () => Write[]): Promise<void> {
    await this.#persistently(async () => {
      const TransactItems = draw().map(
        (write) =>
          Object.fromEntries(
            Object.entries(write).map(([kind, input]) => [kind, { TableName: this.name, ...input }]),
          ) as TransactItem,
      );
      const command = new TransactWriteCommand({
        TransactItems,
        ClientRequestToken: randomUUID(),
        ...metered,
      });
      await this.#call('write', (options) => this.#client.send(command, options));
    });
  }

  async #persistently<Result>(write: () => Promise<Result>): Promise<Result> {
    let last: WriteContention | undefined;
    for await (const _ of attempts(this.signal)) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof WriteContention)) throw error;
        last = error;
      }
    }
    throw last?.throttled ? tooManyRequests(last) : conflict(last);
  }

  async #call<Output extends { ConsumedCapacity?: unknown }>(
    kind: 'read' | 'write',
    send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    try {
      const output = await send({ abortSignal: this.signal });
      const consumed = [output.ConsumedCapacity ?? []].flat();
      this.#meter.count(attemptsOf(output), kind, consumed);
      return output;
    } catch (error) {
      this.#meter.count(attemptsOf(error), kind);
      throw translateFailure(error);
    }
  }
}

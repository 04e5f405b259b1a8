import { describe, expect, it } from '@jest/globals';
import type { StreamParameters } from '../../lib/manifest/stream-consumers.ts';
import { type DeadLetter, deliver } from '../../local/stream-delivery.ts';
import { consumerOf, recordOf, sequenceNumbers } from '../support/stream-builders.ts';

const shard = { streamArn: 'arn:stream', shardId: 'shard-1' };

/** Delivers records 1 to 8 to a function. Returns the batches that it got, the dead letters and the reported lines. */
const run = async (
  consume: (batch: number[]) => unknown,
  mapping: Partial<StreamParameters> = {},
  records = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => recordOf(number)),
) => {
  const batches: number[][] = [];
  const received: DeadLetter[] = [];
  const lines: string[] = [];
  const invoke = async (delivered: typeof records) => {
    const batch = sequenceNumbers(delivered);
    batches.push(batch);
    return consume(batch);
  };
  const { signal } = new AbortController();
  await deliver(
    {
      consumer: consumerOf(mapping),
      shard,
      invoke,
      report: (line) => lines.push(line),
      onDeadLetter: (letter) => received.push(letter),
      signal,
    },
    records,
  );
  const deadLetters = received.map(({ requestContext, DDBStreamBatchInfo: info }) => [
    requestContext.condition,
    requestContext.approximateInvokeCount,
    Number(info.startSequenceNumber),
    Number(info.endSequenceNumber),
  ]);
  return { batches, deadLetters, received, lines };
};

const all = [1, 2, 3, 4, 5, 6, 7, 8];
const failing = (...numbers: number[]) => ({
  batchItemFailures: numbers.map((number) => ({ itemIdentifier: `${number}` })),
});
const fail = () => {
  throw new Error('no');
};

describe('a batch is done', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['no list of failures', { batchItemFailures: null }],
    ['an empty list of failures', { batchItemFailures: [] }],
  ])('if the function returns %s', async (_, result) => {
    expect(await run(() => result)).toMatchObject({ batches: [all], deadLetters: [] });
  });

  it('if the function reports failures but the mapping has reportBatchItemFailures off', async () => {
    const { batches, deadLetters } = await run(() => failing(3), { reportBatchItemFailures: false });
    expect({ batches, deadLetters }).toEqual({ batches: [all], deadLetters: [] });
  });
});

describe('failures that the function reports', () => {
  it('are delivered again, together with all records after the first of them', async () => {
    const answers = [failing(7, 4, 5), failing(6), undefined];
    const { batches, deadLetters } = await run(() => answers.shift());
    expect({ batches, deadLetters }).toEqual({ batches: [all, [4, 5, 6, 7, 8], [6, 7, 8]], deadLetters: [] });
  });

  it('get all their retries, however often earlier records were retried', async () => {
    const answers = [failing(1), failing(1), failing(6), failing(6)];
    const { batches, deadLetters } = await run(() => answers.shift());
    const rest = [6, 7, 8];
    expect({ batches, deadLetters }).toEqual({ batches: [all, all, all, rest, rest], deadLetters: [] });
  });

  it('are dropped after the retries, together with the records that waited for them', async () => {
    const { batches, deadLetters } = await run(() => failing(6));
    expect(batches).toEqual([all, [6, 7, 8], [6, 7, 8]]);
    expect(deadLetters).toEqual([['RetryAttemptsExhausted', 3, 6, 8]]);
  });

  it.each([
    [9],
    [''],
    [null],
  ])('count as a failure of the whole batch if they name %j, which is not in the batch', async (id) => {
    const result = { batchItemFailures: [{ itemIdentifier: '3' }, { itemIdentifier: id }] };
    const { batches, deadLetters } = await run(() => result, { bisectBatchOnError: false, retryAttempts: 1 });
    expect({ batches, deadLetters }).toEqual({
      batches: [all, all],
      deadLetters: [['RetryAttemptsExhausted', 2, 1, 8]],
    });
  });
});

describe('a batch on which the function fails', () => {
  it('is retried in halves until the failing record is the only one in its batch, and only that one is dropped', async () => {
    const { batches, deadLetters, lines } = await run((batch) => (batch.includes(3) ? fail() : undefined));
    expect(batches).toEqual([all, [1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [3], [4], [5, 6, 7, 8]]);
    expect(deadLetters).toEqual([['RetryAttemptsExhausted', 3, 3, 3]]);
    expect(lines[0]).toBe('tested failed on 8 records: no');
  });

  it('is retried as a whole if the mapping has bisectBatchOnError off', async () => {
    const { batches, deadLetters } = await run(fail, { bisectBatchOnError: false });
    expect({ batches, deadLetters }).toEqual({
      batches: [all, all, all],
      deadLetters: [['RetryAttemptsExhausted', 3, 1, 8]],
    });
  });

  it('is done as soon as the function succeeds', async () => {
    let attempts = 0;
    const { batches, deadLetters } = await run(() => (++attempts < 3 ? fail() : undefined), {
      bisectBatchOnError: false,
    });
    expect({ batches, deadLetters }).toEqual({ batches: [all, all, all], deadLetters: [] });
  });
});

describe('records that are older than the mapping allows', () => {
  it('are dropped without an attempt, and the other records are delivered', async () => {
    const arrivedAt = Date.now() - 61_000;
    const records = [recordOf(1, arrivedAt), recordOf(2, arrivedAt), recordOf(3)];
    const { batches, received } = await run(() => undefined, { maximumRecordAge: 60 }, records);
    expect(batches).toEqual([[3]]);
    expect(received).toEqual([
      {
        requestContext: {
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tested',
          condition: 'RecordAgeExceeded',
          approximateInvokeCount: 0,
        },
        version: '1.0',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        DDBStreamBatchInfo: {
          ...shard,
          startSequenceNumber: '1',
          endSequenceNumber: '2',
          approximateArrivalOfFirstRecord: new Date(arrivedAt).toISOString(),
          approximateArrivalOfLastRecord: new Date(arrivedAt).toISOString(),
          batchSize: 2,
        },
      },
    ]);
  });
});

describe('records of any age', () => {
  it('are delivered if the mapping has -1 as the maximum age', async () => {
    const records = [recordOf(1, 0), recordOf(2, Date.now() - 7 * 24 * 60 * 60 * 1000), recordOf(3)];
    const { batches, deadLetters } = await run(() => undefined, { maximumRecordAge: -1 }, records);
    expect({ batches, deadLetters }).toEqual({ batches: [[1, 2, 3]], deadLetters: [] });
  });
});

describe('a delivery whose signal is aborted', () => {
  it('makes no further attempt, not even with half of the batch, and drops nothing', async () => {
    const stopping = new AbortController();
    let attempts = 0;
    const received: DeadLetter[] = [];
    await deliver(
      {
        consumer: consumerOf({ retryAttempts: 1_000 }),
        shard,
        invoke: async () => {
          attempts++;
          stopping.abort();
          fail();
        },
        report: () => undefined,
        onDeadLetter: (letter) => received.push(letter),
        signal: stopping.signal,
      },
      [recordOf(1), recordOf(2)],
    );
    expect({ attempts, received }).toEqual({ attempts: 1, received: [] });
  });
});

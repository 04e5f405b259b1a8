import { describe, expect, it } from '@jest/globals';
import type { StreamParameters } from '../../lib/manifest/stream-consumers.ts';
import { type DeadLetter, deliver } from '../../local/stream-delivery.ts';
import { consumerOf, recordOf, sequenceNumbers } from '../support/stream-builders.ts';

const shard = { streamArn: 'arn:stream', shardId: 'shard-1' };

/** Delivers records 1 to 8 to a function, and tells the batches that it saw and what was given up. */
const run = async (
  answer: (batch: number[]) => unknown,
  mapping: Partial<StreamParameters> = {},
  records = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => recordOf(number)),
) => {
  const batches: number[][] = [];
  const received: DeadLetter[] = [];
  const lines: string[] = [];
  const invoke = async (delivered: typeof records) => {
    const batch = sequenceNumbers(delivered);
    batches.push(batch);
    return answer(batch);
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
  return { batches, buried: deadLetters, letters: received, lines };
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
  ])('where the function answers %s', async (_, answer) => {
    expect(await run(() => answer)).toMatchObject({ batches: [all], buried: [] });
  });

  it('where the function names failures to a mapping that does not listen for them', async () => {
    const { batches, buried: deadLetters } = await run(() => failing(3), { reportBatchItemFailures: false });
    expect({ batches, buried: deadLetters }).toEqual({ batches: [all], buried: [] });
  });
});

describe('failures that the function names', () => {
  it('are delivered again with all that comes after the first of them', async () => {
    const answers = [failing(7, 4, 5), failing(6), undefined];
    const { batches, buried: deadLetters } = await run(() => answers.shift());
    expect({ batches, buried: deadLetters }).toEqual({ batches: [all, [4, 5, 6, 7, 8], [6, 7, 8]], buried: [] });
  });

  it('have all their retries, however often those before them were tried', async () => {
    const answers = [failing(1), failing(1), failing(6), failing(6)];
    const { batches, buried: deadLetters } = await run(() => answers.shift());
    const rest = [6, 7, 8];
    expect({ batches, buried: deadLetters }).toEqual({ batches: [all, all, all, rest, rest], buried: [] });
  });

  it('are given up after the retries, with all that waited for them', async () => {
    const { batches, buried: deadLetters } = await run(() => failing(6));
    expect(batches).toEqual([all, [6, 7, 8], [6, 7, 8]]);
    expect(deadLetters).toEqual([['RetryAttemptsExhausted', 3, 6, 8]]);
  });

  it.each([
    [9],
    [''],
    [null],
  ])('mean that the whole batch failed where %j is none of its records', async (id) => {
    const answer = { batchItemFailures: [{ itemIdentifier: '3' }, { itemIdentifier: id }] };
    const { batches, buried: deadLetters } = await run(() => answer, { bisectBatchOnError: false, retryAttempts: 1 });
    expect({ batches, buried: deadLetters }).toEqual({
      batches: [all, all],
      buried: [['RetryAttemptsExhausted', 2, 1, 8]],
    });
  });
});

describe('a batch on which the function fails', () => {
  it('is tried again in halves, until the record that it fails on is alone: that one is given up', async () => {
    const { batches, buried: deadLetters, lines } = await run((batch) => (batch.includes(3) ? fail() : undefined));
    expect(batches).toEqual([all, [1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [3], [4], [5, 6, 7, 8]]);
    expect(deadLetters).toEqual([['RetryAttemptsExhausted', 3, 3, 3]]);
    expect(lines[0]).toBe('tested failed on 8 records: no');
  });

  it('is tried again as it is where the mapping halves none', async () => {
    const { batches, buried: deadLetters } = await run(fail, { bisectBatchOnError: false });
    expect({ batches, buried: deadLetters }).toEqual({
      batches: [all, all, all],
      buried: [['RetryAttemptsExhausted', 3, 1, 8]],
    });
  });

  it('is done where the function recovers', async () => {
    let attempts = 0;
    const { batches, buried: deadLetters } = await run(() => (++attempts < 3 ? fail() : undefined), {
      bisectBatchOnError: false,
    });
    expect({ batches, buried: deadLetters }).toEqual({ batches: [all, all, all], buried: [] });
  });
});

describe('a record older than the mapping allows', () => {
  it('is given up untried, and its neighbours are delivered', async () => {
    const long = Date.now() - 61_000;
    const records = [recordOf(1, long), recordOf(2, long), recordOf(3)];
    const { batches, letters: received } = await run(() => undefined, { maximumRecordAge: 60 }, records);
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
          approximateArrivalOfFirstRecord: new Date(long).toISOString(),
          approximateArrivalOfLastRecord: new Date(long).toISOString(),
          batchSize: 2,
        },
      },
    ]);
  });
});

describe('a delivery that is ended', () => {
  it('begins no other try, not of a half either, and gives nothing up', async () => {
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
    expect({ tries: attempts, letters: received }).toEqual({ tries: 1, letters: [] });
  });
});

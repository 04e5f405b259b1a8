import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import { describe, expect, it } from '@jest/globals';
import type { StreamParameters } from '../../lib/manifest/stream-consumers.ts';
import { toBatches } from '../../local/stream-batches.ts';
import { consumerOf, sequenceNumbers } from '../support/stream-builders.ts';

const time = new Date('2026-11-24T10:00:00.500Z');
const page = (...numbers: number[]): _Record[] =>
  numbers.map((number) => ({
    eventName: 'INSERT',
    dynamodb: { ApproximateCreationDateTime: time, SequenceNumber: `${number}` },
  }));

async function* shard(...pages: _Record[][]) {
  yield* pages;
}

const batchesOf = async (pages: AsyncIterable<_Record[]>, mapping: Partial<StreamParameters>) => {
  const batches: number[][] = [];
  for await (const batch of toBatches(pages, consumerOf(mapping).mapping, 'arn:stream'))
    batches.push(sequenceNumbers(batch));
  return batches;
};

describe('batches', () => {
  it('hold what a page brought, up to their size', async () => {
    expect(await batchesOf(shard(page(1, 2, 3, 4, 5), [], page(6)), { batchSize: 2 })).toEqual([
      [1, 2],
      [3, 4],
      [5],
      [6],
    ]);
  });

  it('are filled over pages while their window lasts, and end with the shard', async () => {
    const pages = shard(page(1), page(2, 3), page(4));
    expect(await batchesOf(pages, { batchSize: 3, maximumBatchingWindow: 60 })).toEqual([[1, 2, 3], [4]]);
  });

  it('are delivered incomplete when their window is over', async () => {
    let isOver = false;
    const batches = toBatches(
      (async function* () {
        yield page(1);
        while (!isOver) {
          await new Promise(setImmediate);
          yield [];
        }
        throw new Error('The window is over, and the batch was not delivered');
      })(),
      consumerOf({ maximumBatchingWindow: 0.05 }).mapping,
      'arn:stream',
    );
    setTimeout(() => {
      isOver = true;
    }, 5_000).unref();
    expect(sequenceNumbers((await batches.next()).value)).toEqual([1]);
  });

  it('hold no more than Lambda takes as an event, but never nothing', async () => {
    const heavy = (megabytes: number, number: number): _Record => ({
      dynamodb: {
        SequenceNumber: `${number}`,
        NewImage: { text: { S: 'x'.repeat(megabytes * 1024 * 1024) } },
      },
    });
    const pages = shard([heavy(2, 1), heavy(3, 2), heavy(2, 3), heavy(7, 4), heavy(1, 5)]);
    expect(await batchesOf(pages, {})).toEqual([[1, 2], [3], [4], [5]]);
  });

  it('hold what the filters let through, a record that any of them matches, in the form that Lambda gives it', async () => {
    const of = (eventName: 'INSERT' | 'MODIFY' | 'REMOVE') => page(1).map((each) => ({ ...each, eventName }));
    const mapping = { filters: [{ eventName: ['INSERT'] }, { eventName: ['MODIFY'] }] };
    const pages = shard([...of('REMOVE'), ...of('MODIFY')], of('INSERT'));
    const batches: unknown[] = [];
    for await (const batch of toBatches(pages, consumerOf(mapping).mapping, 'arn:stream'))
      batches.push(batch);
    expect(batches).toEqual(
      ['MODIFY', 'INSERT'].map((eventName) => [
        {
          eventName,
          eventSourceARN: 'arn:stream',
          dynamodb: { SequenceNumber: '1', ApproximateCreationDateTime: time.getTime() / 1000 },
        },
      ]),
    );
  });
});

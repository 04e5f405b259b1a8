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
  it('contain the records of one page, up to the batch size', async () => {
    expect(await batchesOf(shard(page(1, 2, 3, 4, 5), [], page(6)), { batchSize: 2 })).toEqual([
      [1, 2],
      [3, 4],
      [5],
      [6],
    ]);
  });

  it('are filled from several pages during the batching window, and the last one ends with the shard', async () => {
    const pages = shard(page(1), page(2, 3), page(4));
    expect(await batchesOf(pages, { batchSize: 3, maximumBatchingWindow: 60 })).toEqual([[1, 2, 3], [4]]);
  });

  it('are delivered incomplete when the batching window is over', async () => {
    let isOver = false;
    const batches = toBatches(
      (async function* () {
        yield page(1);
        while (!isOver) {
          await new Promise(setImmediate);
          yield [];
        }
        throw new Error('The batching window is over, and the batch was not delivered');
      })(),
      consumerOf({ maximumBatchingWindow: 0.05 }).mapping,
      'arn:stream',
    );
    setTimeout(() => {
      isOver = true;
    }, 60_000).unref();
    expect(sequenceNumbers((await batches.next()).value)).toEqual([1]);
  });

  it('stay below Lambda’s 6 MB for an event, but contain at least one record', async () => {
    const heavy = (megabytes: number, number: number): _Record => ({
      dynamodb: {
        SequenceNumber: `${number}`,
        NewImage: { text: { S: 'x'.repeat(megabytes * 1024 * 1024) } },
      },
    });
    const pages = shard([heavy(2, 1), heavy(3, 2), heavy(2, 3), heavy(7, 4), heavy(1, 5)]);
    expect(await batchesOf(pages, {})).toEqual([[1, 2], [3], [4], [5]]);
  });

  it('contain the records that match at least one filter, in the form that Lambda passes on', async () => {
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

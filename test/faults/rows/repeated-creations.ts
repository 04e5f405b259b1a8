import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { readChange } from '../../../lib/dynamodb/stream-record.ts';
import { toEvent } from '../../../lib/events/to-event.ts';
import { collectRecords } from '../../support/collect-records.ts';
import { eventually } from '../../support/eventually.ts';
import { createRepeatedly } from '../../support/repeated-creation.ts';
import { type FaultRow, judgeAnswers } from '../fault-row.ts';

const times = 1_000;
const atOnce = 50;
const name = 'Once';

export const repeatedCreations: FaultRow = {
  fault: 'a client retries one create 1,000 times under one Idempotency-Key, 50 at once',
  promise: 'one channel, one event, and the same 201 for every request',
  run: async ({ service, seed }) => {
    const namespace = `repeated-${seed}`;
    const key = await service.newKey({ namespaces: [namespace] });
    const stream = await collectRecords(service.channels.name, [namespace]);

    const options = { idempotencyKey: 'once', times, atOnce };
    const replies = await createRepeatedly(service.call, key, { name }, options);
    const last = await service.call('POST /client-channel', { key, body: { name: 'Last' } });

    const eventsInStream = () => stream.records.map((record) => toEvent(readChange(record))?.detail.channel);
    // Once the stream shows the last channel, it has shown all events of the first one.
    await eventually(() => assert(eventsInStream().some((channel) => channel?._id === last.body.data._id)));
    await stream.stop();
    const events = eventsInStream().filter((channel) => channel?.name === name).length;
    const { total } = (await service.call(`GET /client-channel?name=${name}`, { key })).body.pagination;
    const [first] = replies;
    const equal = replies.filter(
      ({ status, body }) => status === 201 && isDeepStrictEqual(body, first?.body),
    ).length;
    const unavailable = replies.filter(({ status }) => status === 503).length;
    const isRight = total === 1 && events === 1 && equal > 0 && equal + unavailable === times;
    return {
      text: `${total} channel, ${events} event, ${equal} equal 201s of ${times}, ${unavailable} × 503`,
      holds: judgeAnswers(isRight, unavailable, times),
    };
  },
};

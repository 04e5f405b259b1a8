import { describe, expect, it } from '@jest/globals';
import type { BusEntry } from '../../lib/events/bus.ts';
import { publish } from '../../lib/events/publish-with-retries.ts';
import { creationOf, updateOf } from '../../lib/events/to-event.ts';
import { channelOf } from '../support/seed.ts';

const { signal } = new AbortController();

const itemOf = (ordinal: number, fields: object = {}) => {
  const { _id, ...attributes } = channelOf(ordinal);
  return { pk: 'NS#acme', sk: _id, ...attributes, ...fields };
};
/** The event of a channel. The name of the channel consists of its number and its version. */
const eventOf = (ordinal: number, version = 0, fields: object = {}) => {
  const item = itemOf(ordinal, { name: `${ordinal}.${version}`, __v: version, ...fields });
  const event = version ? updateOf('acme', undefined, item) : creationOf('acme', item);
  if (!event) throw new Error('An update without a previous document is an event');
  return event;
};
const nameIn = ({ Detail }: BusEntry): string => JSON.parse(Detail).channel.name;

/** A bus that rejects some entries, and the names of the channels that it received, call by call. */
const busOf = (rejects: (name: string, attempts: number) => boolean = () => false) => {
  const calls: string[][] = [];
  const attempts = new Map<string, number>();
  const put = async (entries: BusEntry[]) => {
    const names = entries.map(nameIn);
    calls.push(names);
    return names.map((name) => {
      attempts.set(name, (attempts.get(name) ?? 0) + 1);
      return rejects(name, attempts.get(name) ?? 0) ? 'ThrottlingException: slower' : undefined;
    });
  };
  return { calls, put };
};
const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}.0`);
const eventsOf = (count: number) => Array.from({ length: count }, (_, index) => eventOf(index + 1));

describe('publishing events', () => {
  it('sends ten events a call, in the format of EventBridge', async () => {
    const { calls, put } = busOf();
    expect(await publish(put, eventsOf(23), signal)).toEqual(new Map());
    expect(calls).toEqual([names(1, 10), names(11, 20), names(21, 23)]);

    const entries: BusEntry[] = [];
    const event = eventOf(1);
    const keep = async (sent: BusEntry[]) => {
      entries.push(...sent);
      return sent.map(() => undefined);
    };
    await publish(keep, [event], signal);
    expect(entries).toEqual([
      {
        Source: 'client-channels',
        DetailType: 'ChannelCreated',
        Detail: JSON.stringify(event.detail),
        Time: new Date(event.detail.occurred_at),
      },
    ]);
  });

  it('makes no call if there are no events', async () => {
    const { calls, put } = busOf();
    expect(await publish(put, [], signal)).toEqual(new Map());
    expect(calls).toEqual([]);
  });

  it('sends at most 256 KB in one call', async () => {
    const { calls, put } = busOf();
    const heavy = [1, 2, 3, 4, 5].map((ordinal) =>
      eventOf(ordinal, 0, { local_name: 'x'.repeat(100 * 1024) }),
    );
    await publish(put, heavy, signal);
    expect(calls).toEqual([['1.0', '2.0'], ['3.0', '4.0'], ['5.0']]);
  });

  it('sends the events of one channel one after the other, together with those of other channels', async () => {
    const { calls, put } = busOf();
    const events = [eventOf(1, 0), eventOf(1, 1), eventOf(2, 0), eventOf(1, 2), eventOf(2, 1)];
    await publish(put, events, signal);
    expect(calls).toEqual([['1.0', '2.0'], ['1.1', '2.1'], ['1.2']]);
  });
});

describe('an event that does not fit into the next call', () => {
  it('is not overtaken by a smaller event of its channel', async () => {
    const { calls, put } = busOf();
    const heavy = { local_name: 'x'.repeat(150 * 1024) };
    await publish(put, [eventOf(1, 0, heavy), eventOf(2, 0, heavy), eventOf(2, 1), eventOf(3)], signal);
    expect(calls).toEqual([['1.0', '3.0'], ['2.0'], ['2.1']]);
  });
});

describe('an event that the bus rejects', () => {
  it('is sent again, without the events that were accepted', async () => {
    const { calls, put } = busOf((name, attempts) => ['3.0', '7.0'].includes(name) && attempts === 1);
    expect(await publish(put, eventsOf(10), signal)).toEqual(new Map());
    expect(calls).toEqual([names(1, 10), ['3.0', '7.0']]);
  });

  it('is not overtaken by a later event of its channel', async () => {
    const { calls, put } = busOf((name, attempts) => name === '1.0' && attempts < 3);
    const events = [eventOf(1, 0), eventOf(2, 0), eventOf(1, 1), eventOf(2, 1)];
    expect(await publish(put, events, signal)).toEqual(new Map());
    expect(calls).toEqual([['1.0', '2.0'], ['1.0', '2.1'], ['1.0'], ['1.1']]);
  });

  it('fails after four attempts, together with the later events of its channel', async () => {
    const { calls, put } = busOf((name) => name === '1.0');
    const events = [eventOf(1, 0), eventOf(2, 0), eventOf(1, 1), eventOf(3, 0)];
    expect(await publish(put, events, signal)).toEqual(
      new Map([
        [0, 'ThrottlingException: slower'],
        [2, 'An earlier event of the channel failed.'],
      ]),
    );
    expect(calls).toEqual([['1.0', '2.0', '3.0'], ['1.0'], ['1.0'], ['1.0']]);
  });
});

describe('the largest event that the limits of the API allow', () => {
  it('fits into one call', async () => {
    const largest = (letter: string) => ({
      name: '"😀'.repeat(128),
      local_name: '😀'.repeat(256),
      integration_meta: JSON.stringify({ x: letter.repeat(64 * 1024 - '{"x":""}'.length) }),
      company_namespace: Array.from({ length: 10 }, (_, index) => `${index}${'n'.repeat(63)}`),
    });
    const [before, after] = [itemOf(1, largest('a')), itemOf(1, { ...largest('b'), __v: 1 })];
    const event = updateOf('n'.repeat(64), before, after);
    if (!event) throw new Error('The documents differ');
    const sizes: number[] = [];
    const put = async (entries: BusEntry[]) => {
      sizes.push(...entries.map(({ Detail }) => Buffer.byteLength(Detail)));
      return entries.map(() => undefined);
    };
    expect(await publish(put, [event], signal)).toEqual(new Map());
    expect(sizes[0]).toBeLessThan(140_000);
  });
});

describe('an event that is too large for EventBridge', () => {
  it('fails without being sent or cut, together with the later events of its channel', async () => {
    const { calls, put } = busOf();
    const tooLarge = eventOf(1, 0, { local_name: 'x'.repeat(256 * 1024) });
    const failed = await publish(put, [tooLarge, eventOf(2), eventOf(1, 1)], signal);
    expect([...failed]).toEqual([
      [0, expect.stringMatching(/^The event has \d+ bytes; the limit is 262144\.$/)],
      [2, 'An earlier event of the channel failed.'],
    ]);
    expect(calls).toEqual([['2.0']]);
  });
});

describe('publishing ends', () => {
  it('if a call fails: events of earlier calls are published, all others fail', async () => {
    let calls = 0;
    const put = async (entries: BusEntry[]) => {
      if (++calls === 2) throw new Error('no connection');
      return entries.map(() => undefined);
    };
    const failed = await publish(put, eventsOf(12), signal);
    expect(failed).toEqual(
      new Map([
        [10, 'no connection'],
        [11, 'no connection'],
      ]),
    );
  });

  it('if the time runs out in a pause before a retry: all remaining events fail', async () => {
    const ending = new AbortController();
    const put = async (entries: BusEntry[]) => {
      ending.abort();
      return entries.map(() => 'InternalFailure: try again');
    };
    expect([...(await publish(put, eventsOf(2), ending.signal)).keys()]).toEqual([0, 1]);
  });
});

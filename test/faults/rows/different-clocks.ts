import type { Caller } from '../../../lib/auth/authenticate.ts';
import { toDocument } from '../../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../../lib/channels/document-schema.ts';
import { createChannel, getChannel, updateChannel } from '../../../lib/channels/store.ts';
import { useClocks, withClock } from '../../support/clocks.ts';
import { type Random, randomFrom } from '../../support/random.ts';
import type { Service } from '../../support/service.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

const functionCount = 8;
const writersAtOnce = 5;
const creationShare = 0.3;
/** A reader of changes asks again after this number of writes. */
const writesPerRead = 25;
/** The margin that README.md recommends to readers of `from_updatedAt`. */
const usualMarginMs = 10_000;

const patches = [
  (random: Random) => ({ local_name: `l${random.next()}` }),
  (random: Random) => ({ integration_meta: JSON.stringify({ at: random.next() }) }),
  (random: Random) => ({ name: `n${random.next()}` }),
  (random: Random) => ({ disabled: random.next() < 0.5 }),
];

/** The answers that the writers got. */
class Answers {
  creations = 0;
  readonly #versions = new Map<string, Map<number, ChannelDocument>>();

  get ids(): string[] {
    return [...this.#versions.keys()];
  }

  add(document: ChannelDocument): void {
    const versions = this.#versions.get(document._id) ?? new Map();
    this.#versions.set(document._id, versions.set(document.__v, document));
  }

  /** The versions of each channel, in their order. */
  get histories(): ChannelDocument[][] {
    return [...this.#versions.values()].map((versions) =>
      [...versions.values()].sort((a, b) => a.__v - b.__v),
    );
  }
}

/** A client that asks for changes since the largest `updatedAt` that it has, minus a margin. */
const newReader = (service: Service, key: string, marginMs: number) => {
  const known = new Map<string, number>();
  let largest = marginMs;
  return {
    read: async () => {
      let path = `/client-channel?from_updatedAt=${largest - marginMs}&per_page=100`;
      while (path) {
        const { body } = await service.call(`GET ${path}`, { key });
        for (const { _id, __v, updatedAt } of body.data as ChannelDocument[]) {
          known.set(_id, __v);
          largest = Math.max(largest, Date.parse(updatedAt));
        }
        const { next_cursor } = body.pagination;
        const [filter] = path.split('&');
        path = next_cursor ? `${filter}&per_page=100&cursor=${next_cursor}` : '';
      }
    },
    /** How many channels it does not know in their last version. */
    countMissed: (histories: ChannelDocument[][]) =>
      histories.filter((versions) => known.get(versions[0]?._id ?? '') !== versions.at(-1)?.__v).length,
  };
};

/**
 * Writes through functions whose clocks differ. Time is virtual: it goes on with each write. So a run covers many times the
 * difference, and takes seconds.
 */
const writeWithClocks = async (
  { service, seed, count }: FaultRun,
  namespace: string,
  differenceMs: number,
  read: () => Promise<unknown>,
): Promise<Answers> => {
  const random = randomFrom(seed);
  const caller: Caller = { keyId: 'key1', namespace, namespaces: [namespace] };
  const answers = new Answers();
  let now = Date.now();
  // Two clocks differ by the whole difference, the others are between them.
  const offsets = Array.from({ length: functionCount }, (_, index) =>
    index < 2 ? index * differenceMs : random.below(differenceMs),
  );
  const write = async () => {
    now += random.below(differenceMs / 50);
    const clock = now + random.pick(offsets);
    const isCreation = !answers.ids.length || random.next() < creationShare;
    const id = random.pick(answers.ids);
    const patch = random.pick(patches)(random);
    if (isCreation) answers.creations++;
    await withClock(
      () => clock,
      async () =>
        answers.add(
          isCreation
            ? (await createChannel(service.channels, caller, { name: 'x' }, undefined)).document
            : toDocument(await updateChannel(service.channels, caller, id, patch, undefined)),
        ),
    );
  };
  for (let written = 0; written < count; written += writersAtOnce) {
    await Promise.all(Array.from({ length: writersAtOnce }, write));
    if (written % writesPerRead === 0) await read();
  }
  await read();
  return answers;
};

const runWithClocks = async (run: FaultRun, differenceMs: number, marginMs: number) => {
  const { service, seed } = run;
  const namespace = `clocks-${seed}-${differenceMs}`;
  const key = await service.newKey({ namespaces: [namespace] });
  const [careful, careless] = [newReader(service, key, marginMs), newReader(service, key, 0)];
  const answers = await useClocks(() =>
    writeWithClocks(run, namespace, differenceMs, () => Promise.all([careful.read(), careless.read()])),
  );
  const { histories } = answers;
  const stored = await Promise.all(answers.ids.map((id) => getChannel(service.channels, namespace, id)));
  return {
    backwards: histories.filter((versions) =>
      versions.some(({ updatedAt }, index) => updatedAt <= (versions[index - 1]?.updatedAt ?? '')),
    ).length,
    collisions: answers.creations - answers.ids.length,
    lostWrites: stored.filter(({ __v }, index) => histories[index]?.length !== __v + 1).length,
    missed: careful.countMissed(histories),
    missedWithoutMargin: careless.countMissed(histories),
  };
};

export const differentClocks: FaultRow = {
  fault: 'clocks of functions differ by 5 s or by 1 h',
  promise: 'updatedAt never goes back, ids never collide, 0 lost',
  run: async (run) => {
    const hourMs = 3_600_000;
    const results = {
      '5 s': await runWithClocks(run, 5_000, usualMarginMs),
      '1 h': await runWithClocks(run, hourMs, hourMs + usualMarginMs),
    };
    const faults = Object.values(results).map(
      ({ backwards, collisions, lostWrites, missed }) => backwards + collisions + lostWrites + missed,
    );
    const format = ([difference, each]: [string, (typeof results)['5 s']]) =>
      `${difference}: ${each.backwards} backwards, ${each.collisions} collisions, ${each.lostWrites} lost, ` +
      `a reader misses ${each.missed} (without a margin: ${each.missedWithoutMargin})`;
    return { text: Object.entries(results).map(format).join('; '), holds: faults.every((sum) => sum === 0) };
  },
};

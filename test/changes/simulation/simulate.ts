import type { Fault } from './faults.ts';
import type { LoadedSystem } from './load-system.ts';
import { Reader } from './readers.ts';
import { durationBetween } from './scheduler.ts';
import { namespaces, World } from './world.ts';
import { runWriter } from './writers.ts';

const second = 1_000;
const hour = 60 * 60 * second;
const day = 24 * hour;
const rests = [second, hour, day, 45 * day, 60 * day, 89 * day, 91 * day, 100 * day];

/** The keys of the eight writers. The last two also read, and exclude their own changes. */
const keyIds = Array.from({ length: 8 }, (_, index) => `key${index}`);

/** Between two phases of writing, months may pass, and operators do their work. */
const rest = async (world: World): Promise<void> => {
  const { random, scheduler } = world;
  await scheduler.sleep(random.pick(rests));
  if (world.happens(0.15)) world.rotateSecret();
  if (world.happens(0.1)) world.rotateSecret();
  if (world.happens(0.08)) world.replaceProjections();
};

/** An operator begins new generations although nothing is lost. */
const runOperator = async (world: World, duration: number): Promise<void> => {
  const { random, scheduler, stream } = world;
  for (let count = random.pick([0, 0, 0, 6]); count > 0; count--) {
    await scheduler.sleep(random.below(Math.ceil(duration / 2)));
    await stream.beginGeneration(random.pick(namespaces));
  }
};

const live = async (world: World): Promise<void> => {
  const { random, scheduler, stream } = world;
  const connectors = keyIds
    .slice(-2)
    .map((keyId, index) => new Reader(world, namespaces[index] as string, keyId));
  const readers = [...namespaces.map((namespace) => new Reader(world, namespace)), ...connectors];
  await runWriter(world, 'before the stream', second, random.below(4));
  stream.start();
  for (let phase = 2 + random.below(3); phase > 0; phase--) {
    const duration = durationBetween(random, 20, 60 * second);
    await Promise.all([
      ...keyIds.slice(0, -2).map((keyId) => runWriter(world, keyId, duration, random.below(3))),
      ...readers.map((reader) => reader.run(duration)),
      runOperator(world, duration),
    ]);
    await rest(world);
  }
  while (!stream.isDrained) await scheduler.sleep(hour);
  for (const reader of readers) await reader.finish();
};

export interface Outcome {
  /** What is wrong, if anything is. */
  failure: string | undefined;
  /** How often everything has happened. */
  happened: Map<Fault, number>;
  /** The virtual time at the end. */
  endedAt: number;
}

/**
 * Runs one simulation. The seed decides everything in it.
 * @param options.isStreamEarly whether the stream shows a part of a transaction before the rest of it is visible. DynamoDB does
 * not do this.
 */
export const simulate = async (
  { system, outside }: LoadedSystem,
  seed: number,
  { isStreamEarly = false } = {},
): Promise<Outcome> => {
  const world = new World(system, seed, isStreamEarly);
  outside.pause = (milliseconds) => world.scheduler.sleep(milliseconds);
  outside.random = world.random.next;
  await world.scheduler.run(live(world), () => world.failure !== undefined).catch(world.fail);
  return { failure: world.failure?.message, happened: world.happened, endedAt: world.scheduler.now };
};

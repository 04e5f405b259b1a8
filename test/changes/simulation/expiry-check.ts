import type { Fault } from './faults.ts';
import { generationOf, type HandedOut, logName, type PollStart } from './poll-start.ts';
import type { World } from './world.ts';

const hour = 60 * 60 * 1000;
const cursorLifetimeMs = 90 * 24 * hour;
/** A cursor may expire this much earlier: an entry is as old as the try that wrote it, and clocks differ. */
const toleranceMs = 4 * hour;

/** Since when the cursor has been getting old, as the contract says. Undefined if the change that it stands on is not known. */
const agesSince = (
  { logs }: World,
  namespace: string,
  { cursor, hasMore, at, readingBeganAt }: HandedOut,
): number | undefined => {
  if (!hasMore) return at;
  if (cursor.phase === 'channels') return readingBeganAt;
  const entryAt = logs.log(logName(namespace, cursor.generation)).committedAt.get(cursor.number);
  return cursor.completedAt === null ? Math.max(readingBeganAt, entryAt ?? 0) : entryAt;
};

/** Why a cursor may expire now. Undefined: it must still work. */
const reasonToExpire = (
  world: World,
  { namespace, secrets, generation }: PollStart,
  handedOut: HandedOut,
): Fault | undefined => {
  const { cursor, secret } = handedOut;
  if (![secrets.current, secrets.previous].includes(secret))
    return 'a cursor expires because its secret is gone';
  // The generation may also change during the poll.
  if (cursor.generation !== generation || cursor.generation !== generationOf(world, namespace))
    return 'a cursor expires because of a new generation';
  const age = world.scheduler.now - (agesSince(world, namespace, handedOut) ?? 0);
  return age >= cursorLifetimeMs - toleranceMs ? 'a cursor expires because of its age' : undefined;
};

/** Checks that a cursor that expires has a reason. */
export const checkExpiry = (world: World, start: PollStart): void => {
  const { handedOut } = start;
  const reason = handedOut && reasonToExpire(world, start, handedOut);
  if (reason) world.note(reason);
  else
    world.fail(new Error(`${JSON.stringify(handedOut)} expires at ${world.scheduler.now} without a reason`));
};

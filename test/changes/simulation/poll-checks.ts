import type { ChangeCursor } from '../../../lib/changes/change-cursor.ts';
import type { ChangePage } from '../../../lib/changes/read-changes.ts';
import type { SealSecrets } from '../../../lib/sealed-text.ts';
import type { World } from './world.ts';

const hour = 60 * 60 * 1000;
const cursorLifetimeMs = 90 * 24 * hour;
/** A cursor may expire this much earlier: an entry is as old as the try that wrote it, and clocks differ. */
const toleranceMs = 4 * hour;

/** A cursor as it was handed out. */
export interface HandedOut {
  cursor: ChangeCursor;
  hasMore: boolean;
  at: number;
  readingBeganAt: number;
  secret: string;
}

/** What was true when a poll began. */
export interface PollStart {
  handedOut: HandedOut | undefined;
  secrets: SealSecrets;
  generation: string | undefined;
  lastVisible: number;
}

const logName = (namespace: string, generation: string) => `CHANGES#${namespace}#${generation}`;

const generationOf = ({ database, projectionsTable }: World, namespace: string) =>
  database.item(projectionsTable, { pk: `CHANGES#${namespace}`, sk: 'HEAD' })?.generation as string | undefined;

export const startPoll = (world: World, namespace: string, handedOut: HandedOut | undefined): PollStart => {
  const generation = generationOf(world, namespace);
  const lastVisible = generation ? world.logs.log(logName(namespace, generation)).lastVisible : 0;
  return { handedOut, secrets: world.secrets, generation, lastVisible };
};

/** Since when the cursor has been getting old, as the contract says. Undefined if the change it stands on is not known. */
const agesSince = (
  { logs }: World,
  namespace: string,
  { cursor, hasMore, at, readingBeganAt }: HandedOut,
): number | undefined => {
  if (!hasMore) return at;
  if (cursor.phase === 'channels') return readingBeganAt;
  const entryAt = logs.log(logName(namespace, cursor.generation)).committedAt.get(cursor.number);
  return cursor.phase === 'catchUp' ? Math.max(readingBeganAt, entryAt ?? 0) : entryAt;
};

/** Checks that a cursor did not expire without a reason. */
export const checkExpiry = (world: World, namespace: string, start: PollStart): void => {
  const { handedOut, secrets, generation } = start;
  if (!handedOut) return world.fail(new Error('A poll without a cursor gets 410'));
  const { cursor, secret } = handedOut;
  if (![secrets.current, secrets.previous].includes(secret)) return;
  if (cursor.generation !== generation || cursor.generation !== generationOf(world, namespace)) return;
  const since = agesSince(world, namespace, handedOut);
  if (since === undefined || world.scheduler.now - since >= cursorLifetimeMs - toleranceMs) return;
  const days = (world.scheduler.now - since) / hour / 24;
  world.fail(new Error(`${JSON.stringify(handedOut)} expires without a reason, after ${days} days`));
};

/**
 * Checks that a poll sees every entry that strongly consistent reads saw when it began, and that it brings exactly the channels
 * that somebody else has changed. (In a first reading: that anybody has changed.)
 */
export const checkPage = (
  world: World,
  namespace: string,
  { handedOut, generation, lastVisible }: PollStart,
  { changes, next, hasMore }: ChangePage,
  excludedKey: string | undefined,
): void => {
  const fail = (reason: string) =>
    world.fail(new Error(`${namespace} from ${JSON.stringify(handedOut?.cursor)} ${reason}`));
  const cursor = handedOut?.cursor;
  if (!cursor || cursor.phase === 'channels' || cursor.generation !== generation) return;
  if (cursor.number < lastVisible && next.number <= cursor.number) fail(`stays, and ${lastVisible} is visible`);
  if (!hasMore && next.number < lastVisible) fail(`has no more, and ${lastVisible} is visible`);
  const brought = new Set(changes.map((change) => (change.type === 'delete' ? change._id : change.channel._id)));
  const wanted = [...world.logs.log(logName(namespace, cursor.generation)).by]
    .map(([number, entry]) => ({ number, ...entry }))
    .filter(({ number, by }) => number > cursor.number && (by !== excludedKey || cursor.phase === 'catchUp'));
  for (const { id, number, by } of wanted)
    if (number <= next.number && !brought.has(id)) fail(`does not bring ${id}, which ${by} has changed`);
  for (const id of brought)
    if (!wanted.some((entry) => entry.id === id)) fail(`brings ${id}, which nobody else has changed`);
};

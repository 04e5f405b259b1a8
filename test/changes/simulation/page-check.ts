import type { ChangePage } from '../../../lib/changes/read-changes.ts';
import type { Entry } from './log-checks.ts';
import { type HandedOut, logName, type PollStart } from './poll-start.ts';
import type { World } from './world.ts';

const restMs = 30 * 24 * 60 * 60 * 1000;

const idsIn = ({ changes }: ChangePage): Set<string> =>
  new Set(changes.map((change) => (change.type === 'delete' ? change._id : change.channel._id)));

/** A writer with a right clock commits within this time after the time that it gives to its write. */
const writeMs = 100;

/**
 * The entries after the cursor that the page must bring, if it comes to them, and those that it may bring. Own changes count only if
 * they were made while the first reading ran.
 */
const entriesAfter = (
  { clockErrorMs, history, logs }: World,
  namespace: string,
  { cursor, readingBeganAt, completedAt }: HandedOut,
  excludedKey: string | undefined,
) => {
  const isWanted = (entry: Entry, margin: number): boolean => {
    if (entry.by !== excludedKey || completedAt === undefined) return true;
    const madeAt = history.committedAt(namespace, entry);
    return readingBeganAt - margin < madeAt && madeAt < completedAt + margin;
  };
  const entries = [...logs.log(logName(namespace, cursor.generation)).entries]
    .map(([number, entry]) => ({ number, ...entry }))
    .filter(({ number }) => number > cursor.number);
  const toleranceMs = 2 * clockErrorMs + writeMs;
  return {
    wanted: entries.filter((entry) => isWanted(entry, -toleranceMs)),
    allowed: entries.filter((entry) => isWanted(entry, toleranceMs)),
  };
};

/**
 * Checks a page of the log:
 * - it goes on if there are visible entries, and only ends the reading if it knows all of them;
 * - it brings each channel that somebody else has changed, and no other. (In a first reading: that anybody has changed.)
 */
const checkLogPage = (
  world: World,
  { namespace, lastVisible }: PollStart,
  handedOut: HandedOut,
  page: ChangePage,
  excludedKey: string | undefined,
): void => {
  const { next, hasMore } = page;
  const { cursor } = handedOut;
  const fail = (reason: string) =>
    world.fail(new Error(`A page of ${namespace} from ${JSON.stringify(cursor)} ${reason}`));
  if (hasMore && next.number <= cursor.number && cursor.number < lastVisible)
    fail(`stays, and ${lastVisible} is visible`);
  if (!hasMore && next.number < lastVisible) fail(`has no more, and ${lastVisible} is visible`);
  const { wanted, allowed } = entriesAfter(world, namespace, handedOut, excludedKey);
  const brought = idsIn(page);
  for (const { number, id, by } of wanted)
    if (number <= next.number && !brought.has(id)) fail(`lacks ${id}, which ${by} has changed in ${number}`);
  for (const id of brought)
    if (!allowed.some((entry) => entry.id === id)) fail(`brings ${id}, which nobody else has changed`);
};

/** Checks a page against what was true when its poll began. */
export const checkPage = (
  world: World,
  start: PollStart,
  page: ChangePage,
  excludedKey: string | undefined,
): void => {
  const { handedOut, generation, lastVisible } = start;
  if (!handedOut) return;
  const { cursor, at } = handedOut;
  if (world.scheduler.now - at > restMs) world.note('a cursor rests for more than 30 days, and still works');
  if (cursor.phase === 'channels' || cursor.generation !== generation) return;
  if (page.hasMore && page.changes.length && page.next.number < lastVisible)
    world.note('a page ends before all its entries');
  checkLogPage(world, start, handedOut, page, excludedKey);
};

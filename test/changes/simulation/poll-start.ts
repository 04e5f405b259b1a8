import type { ChangeCursor } from '../../../lib/changes/change-cursor.ts';
import type { SealSecrets } from '../../../lib/sealed-text.ts';
import type { World } from './world.ts';

/** A cursor as it was handed out. */
export interface HandedOut {
  cursor: ChangeCursor;
  hasMore: boolean;
  /** Milliseconds since the epoch. */
  at: number;
  /** When the first reading began to which the cursor belongs. */
  readingBeganAt: number;
  /** When the poll began that completed this reading. Undefined until then. */
  completedAt: number | undefined;
  /** The secret that sealed it. */
  secret: string;
}

/** What is true when a poll begins. */
export interface PollStart {
  /** Milliseconds since the epoch. */
  at: number;
  namespace: string;
  /** The cursor of the poll. */
  handedOut: HandedOut | undefined;
  secrets: SealSecrets;
  /** The present generation of the change log. Undefined if there is no log yet. */
  generation: string | undefined;
  /** Every strongly consistent read sees the entries up to this number. */
  lastVisible: number;
}

/** The name of a change log: the partition of its entries. */
export const logName = (namespace: string, generation: string) => `LOG#${namespace}#${generation}`;

export const generationOf = (world: World, namespace: string): string | undefined => {
  const head = world.database.item(world.projectionsTable, world.system.headKey(namespace));
  return head?.generation as string | undefined;
};

export const startPoll = (world: World, namespace: string, handedOut: HandedOut | undefined): PollStart => {
  const generation = generationOf(world, namespace);
  const lastVisible = generation ? world.logs.log(logName(namespace, generation)).lastVisible : 0;
  const { secrets, scheduler } = world;
  return { at: scheduler.now, namespace, handedOut, secrets, generation, lastVisible };
};

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
  /** The secret that sealed it. */
  secret: string;
}

/** What is true when a poll begins. */
export interface PollStart {
  namespace: string;
  /** The cursor of the poll. */
  handedOut: HandedOut | undefined;
  secrets: SealSecrets;
  /** The present generation of the change log. Undefined if there is no log yet. */
  generation: string | undefined;
  /** Every strongly consistent read sees the entries up to this number. */
  lastVisible: number;
}

export const logName = (namespace: string, generation: string) => `CHANGES#${namespace}#${generation}`;

export const generationOf = (
  { database, projectionsTable }: World,
  namespace: string,
): string | undefined => {
  const head = database.item(projectionsTable, { pk: `CHANGES#${namespace}`, sk: 'HEAD' });
  return head?.generation as string | undefined;
};

export const startPoll = (world: World, namespace: string, handedOut: HandedOut | undefined): PollStart => {
  const generation = generationOf(world, namespace);
  const lastVisible = generation ? world.logs.log(logName(namespace, generation)).lastVisible : 0;
  return { namespace, handedOut, secrets: world.secrets, generation, lastVisible };
};

import { isInPlace, type State, stateIn, step, textOf } from './channel-model.ts';
import type { Operation } from './operation.ts';

/** A history of one channel has a linearization, or it has none, or the search was given up. */
export type Verdict = 'linearizable' | 'violation' | 'too large';

export interface History {
  operations: Operation[];
  /**
   * The states that the channel had, by version, as its events show them: undefined for a deletion. They shorten the search.
   * Default: unknown.
   */
  versions?: Map<number, State> | undefined;
  /** How many steps the search may take. */
  maxSteps?: number;
}

/**
 * How an operation can be placed: the state that follows, and the state that its answer still waits for. The answer to an
 * update in place whose first answer was lost may show the version after its own, if one other write followed
 * (docs/guarantees.md, "What a lost answer does").
 */
interface Placement {
  next: State;
  awaits?: string;
}

const place = (state: State, { action, namespace, outcome }: Operation): Placement | undefined => {
  // The id of a channel belongs to one creation.
  if (action.kind === 'create' && state) return undefined;
  const { answer, next } = step(state, action, namespace);
  if (outcome === 'unknown') return next === state ? undefined : { next };
  if (typeof outcome === 'string') return answer === outcome ? { next } : undefined;
  if (typeof answer !== 'object') return undefined;
  const shown = stateIn(outcome.document);
  if (textOf(answer) === textOf(shown)) return { next };
  const isNextVersion = shown?.__v === answer.__v + 1;
  return isNextVersion && next !== state && isInPlace(state, next)
    ? { next, awaits: textOf(shown) }
    : undefined;
};

/** Whether the events show this change, and whether they show nothing after it. */
const comparison = (versions: Map<number, State>) => {
  const last = Math.max(...versions.keys());
  return {
    isKnown: (next: State) => {
      if (!next || !versions.has(next.__v)) return false;
      return textOf(versions.get(next.__v)) === textOf(next.isDeleted ? undefined : next);
    },
    isLast: (state: State) => state?.__v === last,
  };
};
const noComparison = { isKnown: () => true, isLast: () => true };

/** An operation is done, or its answer waits for a state. Undefined if it has not begun. */
type Progress = 'done' | { awaits: string } | undefined;

/** The next step of a search: an operation, its progress after the step, and the state. */
type Move = [index: number, after: Progress, next: State];

/**
 * Searches for an order of the operations of one channel that explains all answers: each operation takes effect at one
 * moment between its start and its end, and an operation with an unknown outcome at one moment after its start, or never
 * (Wing and Gong, "Testing and Verifying Concurrent Objects"; the memory of visited states is from Lowe, "Testing for
 * Linearizability"). Refused operations must be left out: they have no effect.
 */
export const linearize = ({ operations, versions, maxSteps = 200_000 }: History): Verdict => {
  const endOf = ({ end, outcome }: Operation) => (outcome === 'unknown' ? Number.POSITIVE_INFINITY : end);
  const { isKnown, isLast } = versions ? comparison(versions) : noComparison;
  const progress: Progress[] = operations.map(() => undefined);
  const visited = new Set<string>();

  const moveOf = (index: number, state: State): Move | undefined => {
    const waiting = progress[index];
    if (typeof waiting === 'object')
      return waiting.awaits === textOf(state) ? [index, 'done', state] : undefined;
    const placement = place(state, operations[index] as Operation);
    if (!placement || (placement.next !== state && !isKnown(placement.next))) return undefined;
    const { next, awaits } = placement;
    return [index, awaits === undefined ? 'done' : { awaits }, next];
  };
  const movesFrom = (state: State, candidates: number[]): Move[] => {
    const moves = candidates.map((index) => moveOf(index, state)).filter((move) => move !== undefined);
    // What fits now and changes nothing never has to come later.
    const harmless = moves.find(([, , next]) => next === state);
    return harmless ? [harmless] : moves;
  };

  const search = (state: State): boolean => {
    const key = progress.map((each) => (each ? (each === 'done' ? 'd' : 'w') : '-')).join('') + textOf(state);
    if (visited.has(key) || visited.size >= maxSteps) return false;
    visited.add(key);
    const open = [...operations.keys()].filter((index) => progress[index] !== 'done');
    const firstEnd = Math.min(...open.map((index) => endOf(operations[index] as Operation)));
    if (firstEnd === Number.POSITIVE_INFINITY && isLast(state)) return true;
    const candidates = open.filter((index) => (operations[index] as Operation).start < firstEnd);
    return movesFrom(state, candidates).some(([index, after, next]) => {
      const before = progress[index];
      progress[index] = after;
      const found = search(next);
      progress[index] = before;
      return found;
    });
  };

  if (search(undefined)) return 'linearizable';
  return visited.size >= maxSteps ? 'too large' : 'violation';
};

import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Service } from '../support/service.ts';

/** What a row runs on. All rows share one service, one after the other: each one uses namespaces of its own. */
export interface FaultRun {
  service: Service;
  /** Between the service and DynamoDB Local. A row sets `proxy.fault`, and is given `none` at its start. */
  proxy: FaultProxy;
  /** The same seed gives the same random numbers. */
  seed: number;
  /** How many operations or cases the row should try, where its promise is about a number of them. */
  count: number;
}

/** What a row saw. */
interface Figure {
  /** One line for the table, such as `0 duplicates and 0 false conflicts in 1,000`. */
  text: string;
  /** Whether the promise holds. Undefined if the run could not show it. */
  holds: boolean | undefined;
  /** Lines that help to find the cause if the promise does not hold. */
  details?: string[];
}

/** A row of the table that `npm run test:faults` prints: a fault, what must happen, and what happened. */
export interface FaultRow {
  fault: string;
  promise: string;
  /** Whether a run of many thousand operations shows more than a short one. */
  isWorthALongRun?: true;
  run(run: FaultRun): Promise<Figure>;
}

/**
 * On a busy machine, the time of some requests runs out: they get 503, and may have been done or not. A promise about all
 * requests is not shown if more than this share of them tells nothing.
 */
const maxUnknownShare = 0.03;

/** Judges a promise about all answers. @returns undefined if nothing is wrong, but too many answers are 503 */
export const judgeAnswers = (isRight: boolean, unknown: number, answers: number): boolean | undefined =>
  isRight && unknown > answers * maxUnknownShare ? undefined : isRight;

import { setImmediate } from 'node:timers/promises';
import type { Random } from '../../support/random.ts';

const maxSteps = 100_000;
const start = Date.parse('2026-01-01T00:00:00Z');

interface Timer {
  time: number;
  order: number;
  run: () => void;
}

const isBefore = (one: Timer, other: Timer) =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

/** Timers, the earliest first (a binary heap). */
class TimerQueue {
  readonly #heap: Timer[] = [];

  push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last && heap.length) this.#sink(last);
    return first;
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (child >= heap.length || !isBefore(heap[child] as Timer, timer)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = timer;
  }
}

/**
 * Virtual time. Everything that waits, waits for a timer, and one timer runs after the other. So the same seed gives the same
 * schedule, and months take no time.
 */
export class Scheduler {
  /** Milliseconds since the epoch. */
  now = start;
  readonly #timers = new TimerQueue();
  #order = 0;

  /** Runs a function at a time. The function must not end what somebody waits for. */
  at(time: number, run: () => void): void {
    this.#timers.push({ time: Math.round(time), order: this.#order++, run });
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.at(this.now + milliseconds, resolve));
  }

  /** Runs until the main activity or the whole run has ended. Whatever still waits then never goes on. */
  async run(main: Promise<void>, hasFailed: () => boolean): Promise<void> {
    let hasEnded = false;
    const ended = main.finally(() => {
      hasEnded = true;
    });
    // Its failure is thrown at the end of this function.
    ended.catch(() => undefined);
    // Lets everything go on until it waits for a timer.
    await setImmediate();
    for (let steps = 0; !hasEnded && !hasFailed(); steps++) {
      if (steps === maxSteps) throw new Error(`The run has not ended after ${maxSteps} steps.`);
      const timer = this.#timers.pop();
      if (!timer) throw new Error('Everybody waits for somebody else.');
      this.now = Math.max(this.now, timer.time);
      timer.run();
      await setImmediate();
    }
    if (hasEnded) await ended;
  }
}

/** A random duration. Short and long ones are equally likely: as many between 1 and 10 ms as between 1 and 10 s. */
export const durationBetween = (random: Random, min: number, max: number): number =>
  Math.round(min * (max / min) ** random.next());

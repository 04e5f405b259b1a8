import type { Terminal } from '../terminal.ts';

const intervalMs = 200;

/** Shows how many rows are done, on a line of its own that is written again and again. Shows nothing without a terminal. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #startedAt = performance.now();
  #first: number | undefined;
  #shownAt = -Infinity;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(done: number, total: number): void {
    if (!this.#terminal.isInteractive) return;
    // A run that goes on has rows that were done before. They say nothing of its speed.
    this.#first ??= done;
    const now = performance.now();
    if (now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    const rate = ((done - this.#first) / (now - this.#startedAt)) * 1000;
    const left = rate > 0 ? `, ${Math.round(rate)} rows/s, ${Math.ceil((total - done) / rate)} s left` : '';
    this.#terminal.say(`\r\u001B[K${done} of ${total} rows${left}`);
  }

  /** Removes the line. */
  end(): void {
    if (this.#shownAt !== -Infinity) this.#terminal.say('\r\u001B[K');
  }
}

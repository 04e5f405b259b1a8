import type { Terminal } from '../terminal.ts';

/** Moves to the start of the line, and clears it. */
const clearLine = '\r\u001B[K';

/** Shows how many rows are done, on a line that is written again and again. Shows nothing without a terminal. */
export class Progress {
  readonly #terminal: Terminal;
  /** When it was first shown, and how many rows a run that goes on had done before. They say nothing of its speed. */
  #start: { at: number; done: number } | undefined;
  #isShown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** @param total how many rows there are, if that is known */
  show(done: number, total?: number): void {
    if (!this.#terminal.isInteractive) return;
    this.#isShown = true;
    const now = performance.now();
    this.#start ??= { at: now, done };
    const rate = ((done - this.#start.done) / (now - this.#start.at)) * 1000;
    const known = total === undefined ? '' : ` of ${total}`;
    const speed = rate > 0 ? `, ${Math.round(rate)} rows/s` : '';
    const left = speed && total !== undefined ? `, ${Math.ceil((total - done) / rate)} s left` : '';
    this.#terminal.say(`${clearLine}${done}${known} rows${speed}${left}`);
  }

  /** Removes the line. */
  end(): void {
    if (this.#isShown) this.#terminal.say(clearLine);
    this.#isShown = false;
  }
}

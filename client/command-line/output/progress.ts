import type { Terminal } from '../terminal.ts';

/** Moves to the start of the line, and clears it. */
const clearLine = '\r\u001B[K';

/** Shows what a command does, on a line that is written again and again. Shows nothing without a terminal. */
export class Progress {
  readonly #terminal: Terminal;
  #isShown = false;
  /** When rows were first shown, and how many a run that goes on had done before. They say nothing of its speed. */
  #start: { at: number; done: number } | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * Shows how many rows are done.
   * @param total how many there are, if that is known
   */
  show(done: number, total?: number): void {
    const now = performance.now();
    this.#start ??= { at: now, done };
    const rate = ((done - this.#start.done) / (now - this.#start.at)) * 1000;
    const known = total === undefined ? '' : ` of ${total}`;
    const speed = rate > 0 ? `, ${Math.round(rate)} rows/s` : '';
    const left = speed && total !== undefined ? `, ${Math.ceil((total - done) / rate)} s left` : '';
    this.wait(`${done}${known} rows${speed}${left}`);
  }

  /** Shows what the command waits for. */
  wait(text: string): void {
    if (!this.#terminal.isInteractive) return;
    this.#isShown = true;
    this.#terminal.say(`${clearLine}${text}`);
  }

  /** Removes the line. */
  end(): void {
    if (this.#isShown) this.#terminal.say(clearLine);
    this.#isShown = false;
  }
}

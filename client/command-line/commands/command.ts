import type { ExitCode } from '../command-error.ts';
import type { Terminal } from '../terminal.ts';

export interface Command {
  /** What it does, in a few words. */
  summary: string;
  /** Teaches how to use it, with examples. */
  usage: string;
  /** @param args the arguments after the name of the command */
  run(args: string[], terminal: Terminal): Promise<ExitCode>;
}

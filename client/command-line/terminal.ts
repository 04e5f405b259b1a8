import type { Readable } from 'node:stream';

/** What a command uses of its process. */
export interface Terminal {
  env: Record<string, string | undefined>;
  /** Relative paths start here, and the runs are kept here. */
  folder: string;
  /** Standard input. */
  input: Readable;
  /** Writes data to standard output. Resolves when more may be written. */
  write(text: string): Promise<void>;
  /** Writes to standard error. */
  say(text: string): void;
  /** Whether a person reads standard error. */
  isInteractive: boolean;
  /** Aborts when the command is interrupted. */
  signal: AbortSignal;
}

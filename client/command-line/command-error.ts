/** What the exit code of a command says. */
export const exitCodes = {
  done: 0,
  /** Some rows failed, or the service refused what was asked for. */
  failed: 1,
  /** The arguments or the file are wrong. Nothing was written. */
  wrong: 2,
  /**
   * The command was interrupted, the service could not be reached or was too busy, or the output could not be written. The same
   * command goes on.
   */
  resumable: 3,
  /** The API key was refused. */
  keyRefused: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command. The message is for people. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The arguments or the file are wrong. */
export const wrong = (message: string) => new CommandError(exitCodes.wrong, message);

/** A line of the file is wrong. Lines count from 1. */
export const wrongLine = (line: number, message: string) => wrong(`Line ${line}: ${message}`);

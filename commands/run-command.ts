/** Ends a command that was asked for its usage. The message is the usage. */
export class HelpRequested extends Error {}

/**
 * Runs a command for a person. If it fails, this prints the message without a stack trace and sets the exit code to 1:
 * the cause is a wrong argument or an error from AWS, and a stack trace explains neither. A command that was asked for
 * its usage prints it and does not fail.
 */
export const runCommand = async (run: () => Promise<void> | void): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (error instanceof HelpRequested) return console.log(error.message);
    console.error((error as Error).message);
    process.exitCode = 1;
  }
};

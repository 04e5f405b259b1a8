/**
 * Runs what a person has asked for. Where it fails it says why, without a stack trace, and the exit code is 1: what goes wrong
 * here is how a command was written, or AWS's to say.
 */
export const runCommand = async (run: () => Promise<void> | void): Promise<void> => {
  try {
    await run();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
};

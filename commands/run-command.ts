/**
 * Runs a command for a person. If it fails, this prints the message without a stack trace and sets the exit code to 1:
 * the cause is a wrong argument or an error from AWS, and a stack trace explains neither.
 */
export const runCommand = async (run: () => Promise<void> | void): Promise<void> => {
  try {
    await run();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
};

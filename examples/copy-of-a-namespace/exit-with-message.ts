/** Ends this process with the message of an error. A wrong key or URL needs no stack trace. */
export const exitWithMessage = (error: Error): never => {
  console.error(error.message);
  process.exit(1);
};

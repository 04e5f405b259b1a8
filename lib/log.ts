const causeChain = (error: unknown): object[] => {
  if (typeof error !== 'object' || error === null)
    return error === undefined ? [] : [{ message: String(error) }];
  const { name, message, stack, cause } = error as Error;
  return [{ name, message, stack }, ...causeChain(cause)];
};

/**
 * Writes one line of JSON, with the timestamp and level that Lambda expects. Does not use `console`, because Lambda's
 * console puts the line as text into a line of its own, and queries do not find fields within a text.
 */
const write = (stream: NodeJS.WriteStream, level: 'INFO' | 'ERROR', fields: object): void => {
  stream.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, ...fields })}\n`);
};

/** Logs one line at level INFO. */
export const logLine = (fields: object): void => write(process.stdout, 'INFO', fields);

/** Logs a failure that somebody may have to investigate, with its chain of causes. `about` says what failed. */
export const logFailure = (about: object, error: unknown): void =>
  write(process.stderr, 'ERROR', { ...about, causes: causeChain(error) });

const causes = (error: unknown): object[] => {
  if (typeof error !== 'object' || error === null)
    return error === undefined ? [] : [{ message: String(error) }];
  const { name, message, stack, cause } = error as Error;
  return [{ name, message, stack }, ...causes(cause)];
};

/**
 * One line of JSON, with the time and level that Lambda looks for. Written to the streams themselves: Lambda's console
 * would put the line as text into a line of its own, in which no query finds the fields.
 */
const write = (stream: NodeJS.WriteStream, level: 'INFO' | 'ERROR', fields: object): void => {
  stream.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, ...fields })}\n`);
};

export const logLine = (fields: object): void => write(process.stdout, 'INFO', fields);

/** A line for a failure that somebody may have to look into; `about` names what failed. */
export const logFailure = (about: object, error: unknown): void =>
  write(process.stderr, 'ERROR', { ...about, causes: causes(error) });

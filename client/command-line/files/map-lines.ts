import { CommandError, wrong } from '../command-error.ts';

/** How many wrong lines a person reads at once. */
const maxShown = 10;

/**
 * Maps each line of a file, and collects what is wrong, so that a person can correct it all at once.
 * @throws CommandError with the messages of the first 10 wrong lines
 */
export const mapLines = <Line, Result>(lines: Line[], map: (line: Line) => Result): Result[] => {
  const results: Result[] = [];
  const messages: string[] = [];
  let more = 0;
  for (const line of lines)
    try {
      results.push(map(line));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (messages.length < maxShown) messages.push(error.message);
      else more++;
    }
  if (more) messages.push(`… and ${more} more wrong ${more === 1 ? 'line' : 'lines'}.`);
  if (messages.length) throw wrong(messages.join('\n'));
  return results;
};

/**
 * Runs an async function for every item, with at most `concurrency` runs at a time. Once one has failed, starts no further
 * run, and waits for those that were begun: a caller that goes on must not find them still at work.
 * @returns the results, in the order of the items
 * @throws the error of the first run that fails
 */
export const mapConcurrently = async <Item, Result>(
  items: readonly Item[],
  concurrency: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const remaining = items.entries();
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    for (const [index, item] of remaining) {
      if (failure) return;
      try {
        results[index] = await run(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failure) throw failure.error;
  return results;
};

/**
 * Runs an async function for every item, with at most `concurrency` runs at a time. Starts no further run once one has
 * failed.
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
  let hasFailed = false;
  const worker = async () => {
    for (const [index, item] of remaining) {
      if (hasFailed) return;
      try {
        results[index] = await run(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
};

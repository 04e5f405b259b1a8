import { TransactionConditionFailed, Unavailable } from '../dynamodb/failures.ts';
import type { Table, Write } from '../dynamodb/table.ts';
import { transact } from '../dynamodb/transact.ts';
import { type CrowdedKeys, nameOfCrowdedItem } from './external-keys.ts';

/**
 * The crowded external keys that failed a transaction.
 * @param known those of which the writes already took account
 * @returns nothing if something else failed it, too
 */
const newCrowdedKeys = ({ conditionFailures }: TransactionConditionFailed, known: CrowdedKeys): string[] => {
  const names = conditionFailures
    .filter((failure) => failure !== undefined)
    .map(({ item }) => item && nameOfCrowdedItem(item));
  return names.every((name) => name !== undefined && !known.has(name)) ? (names as string[]) : [];
};

/**
 * Makes a change of a channel in one transaction. If it adds an external key whose item already holds 20 ids, it is made
 * again without the id.
 * @param draw plans the writes of each attempt, and gives its result
 * @throws TransactionConditionFailed, WriteContention, Throttled; Unavailable, also if a try that was lost may still arrive:
 * another attempt is another transaction to DynamoDB, so that both could be carried out
 */
export const transactChange = async <Result>(
  table: Table,
  draw: (crowded: CrowdedKeys) => { writes: Write[]; result: Result },
): Promise<Result> => {
  const crowded = new Set<string>();
  for (;;) {
    try {
      return await transact(table.session, () => {
        const { writes, result } = draw(crowded);
        return { writes: table.qualify(writes), result };
      });
    } catch (error) {
      if (!(error instanceof TransactionConditionFailed)) throw error;
      const names = newCrowdedKeys(error, crowded);
      if (!names.length) throw error;
      if (error.outcomeUnknown) throw new Unavailable(error);
      for (const name of names) crowded.add(name);
    }
  }
};

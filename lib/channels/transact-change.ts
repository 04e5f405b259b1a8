import { TransactionConditionFailed, Unavailable } from '../dynamodb/failures.ts';
import type { Table, Write } from '../dynamodb/table.ts';
import { transact } from '../dynamodb/transact.ts';
import { type CrowdedKeys, nameOfExternalKeyItem } from './external-keys.ts';

/** The crowded external keys that failed a transaction, or undefined if something else failed it too. */
const crowdedKeysIn = ({ conditionFailures }: TransactionConditionFailed): string[] | undefined => {
  const names: string[] = [];
  for (const failure of conditionFailures) {
    if (!failure) continue;
    const name = failure.item && nameOfExternalKeyItem(failure.item);
    if (name === undefined) return undefined;
    names.push(name);
  }
  return names;
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
      const names = error instanceof TransactionConditionFailed ? crowdedKeysIn(error) : undefined;
      if (!names) throw error;
      if ((error as TransactionConditionFailed).outcomeUnknown) throw new Unavailable(error);
      for (const name of names) crowded.add(name);
    }
  }
};

import { isDeepStrictEqual } from 'node:util';

interface Key {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}

/** The properties of a table that are hard to change once it holds data. */
export interface TableSchema {
  KeySchema: Key[];
  GlobalSecondaryIndexes?: { IndexName: string; KeySchema: Key[]; Projection: object }[];
}

/**
 * The steps by which CloudFormation would change the indexes of a live table. One deployment can add or remove only one
 * index (DynamoDB's UpdateTable). An index with another key or projection must be removed and added again.
 */
export const indexChanges = (released: TableSchema, next: TableSchema): string[] => {
  const indexesOf = ({ GlobalSecondaryIndexes = [] }: TableSchema) =>
    new Map(
      GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => [
        IndexName,
        { KeySchema, Projection },
      ]),
    );
  const [before, after] = [indexesOf(released), indexesOf(next)];
  const missing = (from: typeof before, to: typeof before) =>
    [...from].filter(([name, index]) => !isDeepStrictEqual(index, to.get(name))).map(([name]) => name);
  return [
    ...missing(before, after).map((name) => `remove ${name}`),
    ...missing(after, before).map((name) => `add ${name}`),
  ];
};

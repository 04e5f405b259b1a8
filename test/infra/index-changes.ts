import { isDeepStrictEqual } from 'node:util';

interface Key {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}

/** What of a table can't be changed at will once it holds data. */
export interface TableSchema {
  KeySchema: Key[];
  GlobalSecondaryIndexes?: { IndexName: string; KeySchema: Key[]; Projection: object }[];
}

/**
 * What CloudFormation would have to do to a live table's indexes, a line a step: it adds or removes one a deployment
 * (DynamoDB's UpdateTable), and an index with another key or projection is one removed and one added.
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

import type { IndexDefinition, TableDefinition } from './tables.ts';

interface Key {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}

/** The part of the input of DynamoDB's CreateTable that a definition decides. */
interface CreateTableInput {
  TableName: string;
  BillingMode: 'PAY_PER_REQUEST';
  AttributeDefinitions: { AttributeName: string; AttributeType: 'S' | 'N' }[];
  KeySchema: Key[];
  GlobalSecondaryIndexes?: {
    IndexName: string;
    KeySchema: Key[];
    Projection: { ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; NonKeyAttributes?: string[] };
  }[];
  StreamSpecification?: { StreamEnabled: true; StreamViewType: 'NEW_AND_OLD_IMAGES' };
}

const keySchemaOf = ({ partitionKey, sortKey }: { partitionKey: string; sortKey?: string | undefined }) => [
  { AttributeName: partitionKey, KeyType: 'HASH' as const },
  ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' as const }]),
];

const projectionOf = ({ projection }: IndexDefinition) =>
  typeof projection === 'string'
    ? { ProjectionType: projection }
    : { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: [...projection] };

const isSortedByNumber = ({ sortKeyType }: IndexDefinition) => sortKeyType === 'number';

/** The input of DynamoDB's CreateTable for a table. Its time to live needs a call of its own, UpdateTimeToLive. */
export const toCreateTableInput = (
  tableName: string,
  { partitionKey, sortKey, stream, indexes = [] }: TableDefinition,
): CreateTableInput => {
  const keySchemas = [{ partitionKey, sortKey }, ...indexes].map(keySchemaOf);
  const attributes = new Set(keySchemas.flat().map(({ AttributeName }) => AttributeName));
  const numbers = new Set(indexes.filter(isSortedByNumber).map((index) => index.sortKey));
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...attributes].map((AttributeName) => ({
      AttributeName,
      AttributeType: numbers.has(AttributeName) ? 'N' : 'S',
    })),
    KeySchema: keySchemaOf({ partitionKey, sortKey }),
    ...(indexes.length && {
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchemaOf(index),
        Projection: projectionOf(index),
      })),
    }),
    ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
  };
};

export type DynamoDbAction =
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:ConditionCheckItem'
  | 'dynamodb:DeleteItem'
  | 'dynamodb:GetItem'
  | 'dynamodb:PutItem'
  | 'dynamodb:Query'
  | 'dynamodb:Scan'
  | 'dynamodb:UpdateItem';

export type TableName = 'channels' | 'projections' | 'apiKeys';

/** What a function may do, as IAM names it. It may do nothing else. */
export interface Permissions {
  /** The actions on each table. A function learns the names of these tables only. */
  tables: Partial<Record<TableName, readonly DynamoDbAction[]>>;
  /** The action on indexes of the channels table. */
  indexes?: { action: 'dynamodb:Query' | 'dynamodb:Scan'; names: readonly string[] };
}

/** The environment variables that name the tables. */
const tableVariables: Record<TableName, string> = {
  channels: 'CHANNELS_TABLE',
  projections: 'PROJECTIONS_TABLE',
  apiKeys: 'API_KEYS_TABLE',
};

/** The environment variables that a function with these permissions needs: the names of its tables. */
export const tableEnvironment = (
  { tables }: Permissions,
  names: Record<TableName, string>,
): Record<string, string> =>
  Object.fromEntries(
    (Object.keys(tables) as TableName[]).map((table) => [tableVariables[table], names[table]]),
  );

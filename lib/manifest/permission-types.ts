export type DynamoDbAction =
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:ConditionCheckItem'
  | 'dynamodb:DeleteItem'
  | 'dynamodb:GetItem'
  | 'dynamodb:PutItem'
  | 'dynamodb:Query'
  | 'dynamodb:Scan'
  | 'dynamodb:UpdateItem';

export type TableName = 'channels' | 'projections' | 'history' | 'apiKeys';

/** The actions that a function may use, by their names in IAM. It may use no others. */
export interface Permissions {
  /** The actions on each table. A function gets the names of these tables only. */
  tables: Partial<Record<TableName, readonly DynamoDbAction[]>>;
  /** The action on indexes of the channels table. */
  indexes?: { action: 'dynamodb:Query' | 'dynamodb:Scan'; names: readonly string[] };
}

/** The environment variables that name the tables. */
const tableVariables: Record<TableName, string> = {
  channels: 'CHANNELS_TABLE',
  projections: 'PROJECTIONS_TABLE',
  history: 'HISTORY_TABLE',
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

import { setTimeout } from 'node:timers/promises';
import {
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';

/** How tables are changed: with which client, and how long to wait before a table is looked at again. */
export interface TableChanges {
  client: DynamoDBClient;
  pauseMs: number;
}

/** The errors of DynamoDB that say: another change of this or another table must end first. */
const busy = ['ResourceInUseException', 'LimitExceededException', 'ContinuousBackupsUnavailableException'];
/** How often a change is tried that DynamoDB refuses because it is busy. With pauses of 5 s: for 10 minutes. */
const maxAttempts = 120;

export const describeTable = async (
  { client }: TableChanges,
  TableName: string,
): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

/**
 * Waits until a table and all its indexes are active, without a limit: a restore can take hours. A person can end the command
 * and start it again.
 * @throws Error if the table does not exist, or if it will not become active
 */
export const waitUntilActive = async (changes: TableChanges, name: string): Promise<TableDescription> => {
  for (;;) {
    const table = await describeTable(changes, name);
    const status = table?.TableStatus;
    const areIndexesActive = table?.GlobalSecondaryIndexes?.every(
      ({ IndexStatus }) => IndexStatus === 'ACTIVE',
    );
    if (table && status === 'ACTIVE' && areIndexesActive !== false) return table;
    if (status !== 'ACTIVE' && status !== 'CREATING' && status !== 'UPDATING')
      throw new Error(`The table ${name} is ${status ?? 'missing'}.`);
    await setTimeout(changes.pauseMs);
  }
};

/**
 * Makes one change of a table. DynamoDB refuses a change while another one runs, so this waits for the table first.
 * @param send makes the change for a table as it is now
 * @throws the error of DynamoDB, after 120 attempts if DynamoDB is busy
 */
export const changeTable = async (
  changes: TableChanges,
  name: string,
  send: (table: TableDescription) => Promise<unknown>,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const table = await waitUntilActive(changes, name);
    try {
      await send(table);
      return;
    } catch (error) {
      if (!busy.includes((error as Error).name) || attempt === maxAttempts) throw error;
      await setTimeout(changes.pauseMs);
    }
  }
};

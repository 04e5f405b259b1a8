import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

/** The names of two tables that take the place of the data stack's tables. */
export interface RestoredTables {
  channels: string;
  projections: string;
}

const readParameter = async (environment: Environment): Promise<RestoredTables | undefined> => {
  const client = new SSMClient({ region: environment.deployedTo.region });
  try {
    const { Parameter } = await client.send(
      new GetParameterCommand({ Name: namesOf(environment).restoredTablesParameter }),
    );
    return JSON.parse(Parameter?.Value as string);
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
};

const readStream = async ({ deployedTo: { region } }: Environment, TableName: string): Promise<string> => {
  const { Table } = await new DynamoDBClient({ region }).send(new DescribeTableCommand({ TableName }));
  if (!Table?.LatestStreamArn) throw new Error(`The restored table ${TableName} has no stream.`);
  return Table.LatestStreamArn;
};

/**
 * Adds to an environment the restored tables that it uses, if there are any. Which ones is stored in the account, and not in
 * this project: a deployment from an older copy of the project must not move the service back to the tables of the stack.
 * @throws Error if the account cannot be read, or if a restored table does not exist or has no stream
 */
export const withRestoredTables = async (environment: Environment): Promise<Environment> => {
  const found = await readParameter(environment);
  if (!found) return environment;
  const { channels: channelsTable, projections: projectionsTable } = found;
  const channelsStream = await readStream(environment, channelsTable);
  return { ...environment, restored: { channelsTable, channelsStream, projectionsTable } };
};

/** Stores which restored tables an environment uses. The next deployment points functions and stream mappings at them. */
export const saveRestoredTables = async (environment: Environment, tables: RestoredTables): Promise<void> => {
  await new SSMClient({ region: environment.deployedTo.region }).send(
    new PutParameterCommand({
      Name: namesOf(environment).restoredTablesParameter,
      Description: 'The restored tables that are used instead of those of the data stack',
      Type: 'String',
      Value: JSON.stringify(tables),
      Overwrite: true,
    }),
  );
};

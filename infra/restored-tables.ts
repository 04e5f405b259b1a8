import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Environment, RestoredTables } from './environments.ts';
import { namesOf } from './names.ts';

const readParameter = async (environment: Environment): Promise<RestoredTables | undefined> => {
  const Name = namesOf(environment).restoredTablesParameter;
  const client = new SSMClient({ region: environment.deployedTo.region });
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name }));
    return JSON.parse(Parameter?.Value as string);
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw new Error(
      `The parameter ${Name} says which tables ${environment.name} uses, and it cannot be read (every command and every ` +
        `deployment needs ssm:GetParameter): ${(error as Error).message}`,
    );
  }
};

/**
 * Adds to an environment the names of the restored tables that it uses, if there are any. They are stored in the account, and
 * not in this project: a deployment from an older copy of the project must not move the service back to the tables of the
 * stack.
 * @throws Error with one line if the parameter cannot be read
 */
export const withRestoredTables = async (environment: Environment): Promise<Environment> => {
  const restoredTables = await readParameter(environment);
  return restoredTables ? { ...environment, restoredTables } : environment;
};

const readStream = async ({ deployedTo: { region } }: Environment, TableName: string): Promise<string> => {
  try {
    const { Table } = await new DynamoDBClient({ region }).send(new DescribeTableCommand({ TableName }));
    if (Table?.LatestStreamArn) return Table.LatestStreamArn;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) throw new Error('the table does not exist');
    throw new Error(
      `the table cannot be read (a deployment needs dynamodb:DescribeTable): ${(error as Error).message}`,
    );
  }
  throw new Error('the table has no stream: run the restore again, with the same time');
};

/**
 * Adds to an environment the ARN of the stream of its restored channels table, if it uses restored tables. Only a deployment
 * needs it.
 * @throws Error with one line if the table does not exist, has no stream or cannot be read
 */
export const withRestoredStream = async (environment: Environment): Promise<Environment> => {
  const { restoredTables } = environment;
  if (!restoredTables) return environment;
  try {
    return { ...environment, restoredStream: await readStream(environment, restoredTables.channels) };
  } catch (error) {
    throw new Error(
      `The parameter ${namesOf(environment).restoredTablesParameter} names the table ${restoredTables.channels}, but ` +
        (error as Error).message,
    );
  }
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

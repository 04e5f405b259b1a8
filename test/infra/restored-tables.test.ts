import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { type Environment, environments } from '../../infra/environments.ts';
import { namesOf } from '../../infra/names.ts';
import { withRestoredStream, withRestoredTables } from '../../infra/restored-tables.ts';

const [dev] = environments as [Environment];
const parameters = mockClient(SSMClient);
const tables = mockClient(DynamoDBClient);
const error = { message: 'refused', $metadata: {} };
const restoredTables = { channels: 'new', projections: 'new-projections' };

afterEach(() => {
  parameters.reset();
  tables.reset();
});

describe('an environment', () => {
  it('uses the tables of its stack if no parameter names others', async () => {
    parameters.on(GetParameterCommand).rejects(new ParameterNotFound(error));
    expect(await withRestoredTables(dev)).toBe(dev);
    expect(await withRestoredStream(dev)).toBe(dev);
  });

  it('uses the restored tables that the parameter names, without a look at the tables', async () => {
    parameters
      .on(GetParameterCommand, { Name: '/client-channels/dev/restored-tables' })
      .resolves({ Parameter: { Value: JSON.stringify(restoredTables) } });
    tables.on(DescribeTableCommand).rejects(new ResourceNotFoundException(error));
    const environment = await withRestoredTables(dev);
    expect(environment).toEqual({ ...dev, restoredTables });
    expect(namesOf(environment).tables).toEqual({
      channels: 'new',
      projections: 'new-projections',
      history: 'client-channels-history-dev',
      apiKeys: 'client-channels-api-keys-dev',
    });
  });

  it('is not guessed if the parameter cannot be read, and the error says which permission is needed', async () => {
    parameters.on(GetParameterCommand).rejects(new Error('not authorized'));
    await expect(withRestoredTables(dev)).rejects.toThrow(
      'The parameter /client-channels/dev/restored-tables says which tables dev uses, and it cannot be read (every ' +
        'command and every deployment needs ssm:GetParameter): not authorized',
    );
  });
});

describe('a deployment', () => {
  const environment = { ...dev, restoredTables };

  it('gets the stream that the restored table has now', async () => {
    tables.on(DescribeTableCommand, { TableName: 'new' }).resolves({ Table: { LatestStreamArn: 'arn' } });
    expect(await withRestoredStream(environment)).toEqual({ ...environment, restoredStream: 'arn' });
  });

  const begin = 'The parameter /client-channels/dev/restored-tables names the table new, but the table ';
  it.each([
    ['does not exist', new ResourceNotFoundException(error), 'does not exist'],
    [
      'cannot be read',
      new Error('not authorized'),
      'cannot be read (a deployment needs dynamodb:DescribeTable): not authorized',
    ],
  ])('is refused if the restored table %s, and the error names the parameter', async (_, reason, end) => {
    tables.on(DescribeTableCommand).rejects(reason);
    await expect(withRestoredStream(environment)).rejects.toThrow(begin + end);
  });

  it('is refused if the restored table has no stream yet, and the error says what to do', async () => {
    tables.on(DescribeTableCommand).resolves({ Table: {} });
    await expect(withRestoredStream(environment)).rejects.toThrow(
      `${begin}has no stream: run the restore again, with the same time`,
    );
  });
});

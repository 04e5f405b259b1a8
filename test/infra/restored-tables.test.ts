import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { type Environment, environments } from '../../infra/environments.ts';
import { namesOf } from '../../infra/names.ts';
import { withRestoredTables } from '../../infra/restored-tables.ts';

const [dev] = environments as [Environment];
const parameters = mockClient(SSMClient);
const tables = mockClient(DynamoDBClient);
const error = { message: 'refused', $metadata: {} };
const storeNames = () =>
  parameters
    .on(GetParameterCommand, { Name: '/client-channels/dev/restored-tables' })
    .resolves({ Parameter: { Value: '{"channels":"new","projections":"new-projections"}' } });

afterEach(() => {
  parameters.reset();
  tables.reset();
});

describe('an environment', () => {
  it('uses the tables of its stack if no parameter names others', async () => {
    parameters.on(GetParameterCommand).rejects(new ParameterNotFound(error));
    expect(await withRestoredTables(dev)).toBe(dev);
  });

  it('uses the restored tables that the parameter names, and the stream that the table has now', async () => {
    storeNames();
    tables.on(DescribeTableCommand, { TableName: 'new' }).resolves({ Table: { LatestStreamArn: 'arn' } });
    const environment = await withRestoredTables(dev);
    expect(environment.restored).toEqual({
      channelsTable: 'new',
      channelsStream: 'arn',
      projectionsTable: 'new-projections',
    });
    expect(namesOf(environment).tables).toEqual({
      channels: 'new',
      projections: 'new-projections',
      apiKeys: 'client-channels-api-keys-dev',
    });
  });

  it('is not guessed if the parameter cannot be read, or if the restored table has no stream', async () => {
    parameters.on(GetParameterCommand).rejects(new Error('AccessDenied'));
    await expect(withRestoredTables(dev)).rejects.toThrow('AccessDenied');
    storeNames();
    tables.on(DescribeTableCommand).resolves({ Table: {} });
    await expect(withRestoredTables(dev)).rejects.toThrow('The restored table new has no stream.');
  });
});

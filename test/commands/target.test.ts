import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { selectTarget } from '../../commands/target.ts';
import { findEnvironment } from '../../infra/environments.ts';

const { account, region } = findEnvironment('dev').deployedTo;
const parameters = mockClient(SSMClient);
const accounts = mockClient(STSClient);

beforeEach(() => {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_REGION: region,
  });
  parameters.reset();
  accounts.on(GetCallerIdentityCommand).resolves({ Account: account });
});

describe('a command on a deployed environment', () => {
  it('finds the API keys and the event bus, whatever is wrong with restored tables', async () => {
    parameters.on(GetParameterCommand).rejects(new Error('not authorized'));
    expect(await selectTarget('dev')).toMatchObject({
      environment: 'dev',
      apiKeysTable: 'client-channels-api-keys-dev',
      eventBus: 'client-channels-dev',
    });
  });

  it('does not guess the tables of channels if it cannot read which are in use', async () => {
    parameters.on(GetParameterCommand).rejects(new Error('not authorized'));
    const { readChannelTables } = await selectTarget('dev');
    await expect(readChannelTables()).rejects.toThrow('/client-channels/dev/restored-tables');
  });

  it('acts on the restored tables that the parameter names', async () => {
    const restoredTables = { channels: 'new', projections: 'new-projections' };
    parameters.on(GetParameterCommand).resolves({ Parameter: { Value: JSON.stringify(restoredTables) } });
    const { readChannelTables } = await selectTarget('dev');
    expect(await readChannelTables()).toMatchObject(restoredTables);
  });
});

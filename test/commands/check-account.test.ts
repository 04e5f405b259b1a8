import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { checkAccount } from '../../commands/check-account.ts';
import { emulatedAws, findEnvironment } from '../../infra/environments.ts';

const account = '111122223333';
const prod = { ...findEnvironment('prod'), deployedTo: { account, region: 'eu-west-1' } };
const sts = mockClient(STSClient);

const enterShell = (region: string) =>
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', AWS_REGION: region });

beforeEach(() => {
  delete process.env.AWS_PROFILE;
  sts.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: account });
});

describe('checkAccount', () => {
  it('lets a shell act in the account and the region of the environment', async () => {
    enterShell('eu-west-1');
    await expect(checkAccount(prod)).resolves.toBeUndefined();
  });

  it('refuses another account', async () => {
    enterShell('eu-west-1');
    sts.on(GetCallerIdentityCommand).resolves({ Account: '444455556666' });
    await expect(checkAccount(prod)).rejects.toThrow(
      'prod is in account 111122223333 and region eu-west-1, but your shell is in ' +
        'account 444455556666 and region eu-west-1: change AWS_PROFILE or AWS_REGION.',
    );
  });

  it('refuses another region of the same account', async () => {
    enterShell('us-east-1');
    await expect(checkAccount(prod)).rejects.toThrow(
      'prod is in account 111122223333 and region eu-west-1, but your shell is in ' +
        'account 111122223333 and region us-east-1: change AWS_PROFILE or AWS_REGION.',
    );
  });

  it('says what to write if nobody has said yet where the environment is', async () => {
    enterShell('eu-west-1');
    await expect(checkAccount({ ...prod, deployedTo: emulatedAws })).rejects.toThrow(
      'infra/environments.ts does not say yet where prod is: give it deployedTo: ' +
        "{ account: '111122223333', region: 'eu-west-1' } if it belongs where your shell is.",
    );
  });

  it('says why AWS refuses the credentials', async () => {
    enterShell('eu-west-1');
    sts
      .on(GetCallerIdentityCommand)
      .rejects(new Error('The security token included in the request is expired'));
    await expect(checkAccount(prod)).rejects.toThrow(
      'AWS does not say of which account your credentials are: The security token included in the request is expired',
    );
  });
});

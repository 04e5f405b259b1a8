import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Environment, emulatedAws } from '../infra/environments.ts';

/** AWS has to answer within this time. */
const timeoutMs = 5_000;

/** @throws Error with one line, if AWS refuses the credentials or does not answer in time */
const readAccount = async (client: STSClient): Promise<string> => {
  const options = { abortSignal: AbortSignal.timeout(timeoutMs) };
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand(), options);
    return Account as string;
  } catch (error) {
    const reason = options.abortSignal.aborted
      ? `no answer in ${timeoutMs / 1000} seconds`
      : (error as Error).message;
    throw new Error(`AWS does not say of which account your credentials are: ${reason}`);
  }
};

/** What to say if the SDK finds no credentials or no region. Undefined if it finds them. */
const describeMissing = (value: Promise<unknown>, describe: (error: Error) => string) =>
  value.then(() => undefined, describe);

const describeCredentials = ({ message }: Error): string => {
  const { AWS_PROFILE } = process.env;
  return AWS_PROFILE
    ? `usable credentials (AWS_PROFILE is "${AWS_PROFILE}": ${message})`
    : 'credentials (set AWS_PROFILE)';
};

/**
 * Checks that this process acts in the account and the region of an environment, before it reads or changes anything.
 * @throws Error with one line that says what is missing or different
 */
export const checkAccount = async ({ name, deployedTo }: Environment): Promise<void> => {
  const client = new STSClient({ maxAttempts: 2 });
  const { credentials, region } = client.config;
  const missing = [
    await describeMissing(credentials(), describeCredentials),
    await describeMissing(region(), () => 'a region (set AWS_REGION)'),
  ].filter((text) => text !== undefined);
  if (missing.length) throw new Error(`To act on ${name}, AWS needs ${missing.join(' and ')}.`);
  const shell = { account: await readAccount(client), region: await region() };
  if (shell.account === deployedTo.account && shell.region === deployedTo.region) return;
  throw new Error(
    deployedTo === emulatedAws
      ? `infra/environments.ts does not say yet where ${name} is: give it deployedTo: ` +
          `{ account: '${shell.account}', region: '${shell.region}' } if it belongs where your shell is.`
      : `${name} is in account ${deployedTo.account} and region ${deployedTo.region}, but your shell is in ` +
          `account ${shell.account} and region ${shell.region}: change AWS_PROFILE or AWS_REGION.`,
  );
};

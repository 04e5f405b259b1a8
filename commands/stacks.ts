import { findEnvironment } from '../infra/environments.ts';
import { checkAccount } from './check-account.ts';
import { runCommand } from './run-command.ts';
import { runCdk } from './stacks/run-cdk.ts';

/** The arguments of the CDK for each command. */
const cdkArguments: Record<string, string[]> = {
  bootstrap: ['bootstrap'],
  deploy: ['deploy', '--all'],
  diff: ['diff'],
  destroy: ['destroy', '--all'],
};

const [, , command = '', name, ...options] = process.argv;

/**
 * Runs the CDK on the stacks of one environment: `npm run deploy -- <environment> [options of the CDK]`. The name of the
 * environment, and the account and region of the shell, are checked here, before anything is built.
 */
const run = async (): Promise<void> => {
  const environment = findEnvironment(name);
  const args = cdkArguments[command];
  if (!args) throw new Error(`"${command}" is not one of ${Object.keys(cdkArguments).join(', ')}.`);
  await checkAccount(environment);
  process.exitCode = runCdk(environment, [...args, ...options]);
};

await runCommand(run);

import { findEnvironment } from '../infra/environments.ts';
import { offerHelp } from './arguments.ts';
import { checkAccount } from './check-account.ts';
import { runCommand } from './run-command.ts';
import { runCdk } from './stacks/run-cdk.ts';

/** For each command: the arguments of the CDK, and what the usage says. */
const commands: Record<string, { cdk: string[]; effect: string }> = {
  bootstrap: {
    cdk: ['bootstrap'],
    effect:
      'Prepares the account and region of an environment for the CDK. Run it once before the first deployment.',
  },
  deploy: { cdk: ['deploy', '--all'], effect: 'Deploys all stacks of an environment.' },
  diff: { cdk: ['diff'], effect: 'Shows what a deployment would change.' },
  destroy: {
    cdk: ['destroy', '--all'],
    effect:
      'Destroys all stacks of an environment. Staging and prod refuse, because their data is protected.',
  },
};

const usageOf = (
  command: string,
  effect: string,
) => `Usage: npm run ${command} -- <environment> [options of the CDK]
${effect}
It acts in the account and region of your shell (AWS_PROFILE, AWS_REGION), which must be those of the environment.`;

const [, , command = '', name, ...options] = process.argv;

/**
 * Runs the CDK on the stacks of one environment: `npm run deploy -- <environment> [options of the CDK]`. The name of the
 * environment, and the account and region of the shell, are checked here, before anything is built.
 */
const run = async (): Promise<void> => {
  const found = commands[command];
  if (!found) throw new Error(`"${command}" is not one of ${Object.keys(commands).join(', ')}.`);
  offerHelp(usageOf(command, found.effect));
  const environment = findEnvironment(name);
  await checkAccount(environment);
  process.exitCode = runCdk(environment, [...found.cdk, ...options]);
};

await runCommand(run);

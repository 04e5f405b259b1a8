import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { findEnvironment } from '../infra/environments.ts';
import { runCommand } from './run-command.ts';

/** What the CDK is told besides the environment. */
const commands: Record<string, string[]> = {
  bootstrap: ['bootstrap'],
  deploy: ['deploy', '--all'],
  diff: ['diff', '--all'],
  destroy: ['destroy', '--all'],
};

const [, , command = '', name, ...more] = process.argv;

/**
 * Runs the CDK on the stacks of one environment: `npm run deploy -- <environment> [options of the CDK]`. A name that is
 * no environment is refused here, before anything is built.
 */
const run = (): void => {
  const environment = findEnvironment(name);
  const words = commands[command];
  if (!words) throw new Error(`"${command}" is none of ${Object.keys(commands).join(', ')}.`);
  const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
  const { status } = spawnSync(
    process.execPath,
    [cdk, ...words, '--context', `environment=${environment.name}`, ...more],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
};

await runCommand(run);

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { findEnvironment } from '../infra/environments.ts';

const [, , command = '', name, ...more] = process.argv;

/**
 * Runs the CDK on both stacks of one environment: `npm run deploy -- <environment> [options of the CDK]`. A name that is
 * no environment is refused here, before anything is built.
 */
const run = (): number => {
  const environment = findEnvironment(name);
  const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
  const { status } = spawnSync(
    process.execPath,
    [cdk, command, '--all', '--context', `environment=${environment.name}`, ...more],
    { stdio: 'inherit' },
  );
  return status ?? 1;
};

try {
  process.exitCode = run();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Environment } from '../../infra/environments.ts';

/** Runs the CDK on the stacks of one environment. @returns its exit code */
export const runCdk = ({ name }: Environment, args: string[]): number => {
  const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
  const { status } = spawnSync(process.execPath, [cdk, ...args, '--context', `environment=${name}`], {
    stdio: 'inherit',
  });
  return status ?? 1;
};

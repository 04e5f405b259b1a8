import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { environments, findEnvironment } from '../../infra/environments.ts';

const deploy = (...words: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'commands/run-cdk.ts', 'deploy', ...words], {
    encoding: 'utf8',
  });

describe('the environments', () => {
  it('are dev, staging and prod, and are found by name', () => {
    expect(environments.map(({ name }) => name)).toEqual(['dev', 'staging', 'prod']);
    for (const environment of environments) expect(findEnvironment(environment.name)).toBe(environment);
  });

  it('lose data in dev alone', () => {
    expect(environments.filter(({ keepsData }) => !keepsData).map(({ name }) => name)).toEqual(['dev']);
  });
});

describe('npm run deploy', () => {
  it.each([
    ['no name', [], 'Name an environment: dev, staging, prod.\n'],
    ['an unknown name', ['production'], 'There is no environment "production": dev, staging, prod.\n'],
    ['an option', ['--all'], 'There is no environment "--all": dev, staging, prod.\n'],
  ])('refuses %s in one line, before anything is built', (_, words, line) => {
    const { status, stdout, stderr } = deploy(...words);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: line });
  });
});

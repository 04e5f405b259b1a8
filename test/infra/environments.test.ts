import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { environments, findEnvironment } from '../../infra/environments.ts';

const deploy = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'commands/stacks.ts', 'deploy', ...args], {
    encoding: 'utf8',
  });

describe('the environments', () => {
  it('are dev, staging and prod, and findEnvironment returns each by its name', () => {
    expect(environments.map(({ name }) => name)).toEqual(['dev', 'staging', 'prod']);
    for (const environment of environments) expect(findEnvironment(environment.name)).toBe(environment);
  });

  it('keep data everywhere except in dev', () => {
    expect(environments.filter(({ keepsData }) => !keepsData).map(({ name }) => name)).toEqual(['dev']);
  });
});

describe('npm run deploy', () => {
  it.each([
    ['no name', [], 'Name an environment: dev, staging, prod.\n'],
    ['an unknown name', ['production'], 'There is no environment "production": dev, staging, prod.\n'],
    ['an option', ['--all'], 'There is no environment "--all": dev, staging, prod.\n'],
  ])('rejects %s with a message of one line before it builds anything', (_, args, line) => {
    const { status, stdout, stderr } = deploy(...args);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: line });
  });
});

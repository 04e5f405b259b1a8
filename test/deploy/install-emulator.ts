import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const requirement = 'ministack==1.5.33';
const folder = fileURLToPath(new URL('../../.emulator/', import.meta.url));

const run = (command: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}` };
};

/**
 * Installs the emulated AWS into its own Python environment, unless it is already installed.
 * @returns the command that starts it.
 * @throws Error of one line if there is no suitable Python, or if the package can't be installed.
 */
export const installEmulator = (): string => {
  const command = `${folder}bin/ministack`;
  if (existsSync(command) && run(`${folder}bin/pip`, 'freeze').output.includes(requirement)) return command;
  const pythonCheck = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  if (!run('python3', '-c', pythonCheck).ok)
    throw new Error(
      'npm run test:deploy needs Python 3.10 or later with venv, as "python3" on the PATH ' +
        '(Debian: apt-get install python3-venv). npm test does not need Python.',
    );
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', '--clear', folder],
    [`${folder}bin/pip`, 'install', '--quiet', '--disable-pip-version-check', requirement],
  ] as const) {
    const { ok, output } = run(program, ...args);
    if (!ok) throw new Error(`${requirement} could not be installed: ${output.trim().split('\n').at(-1)}`);
  }
  return command;
};

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const release = 'ministack==1.5.33';
const folder = fileURLToPath(new URL('../../.emulator/', import.meta.url));

const run = (command: string, ...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}` };
};

/**
 * Installs the emulated AWS into a Python environment of its own, unless it is there already.
 * @returns the command that starts it.
 * @throws Error with one line where there is no Python that can do that, or the package can't be had.
 */
export const installEmulator = (): string => {
  const command = `${folder}bin/ministack`;
  if (existsSync(command) && run(`${folder}bin/pip`, 'freeze').output.includes(release)) return command;
  const asked = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  if (!run('python3', '-c', asked).ok)
    throw new Error(
      'npm run test:deploy needs Python from 3.10 with venv, as "python3" on the PATH ' +
        '(Debian: apt-get install python3-venv). npm test needs none.',
    );
  for (const [program, ...words] of [
    ['python3', '-m', 'venv', '--clear', folder],
    [`${folder}bin/pip`, 'install', '--quiet', '--disable-pip-version-check', release],
  ] as const) {
    const { ok, output } = run(program, ...words);
    if (!ok) throw new Error(`${release} could not be installed: ${output.trim().split('\n').at(-1)}`);
  }
  return command;
};

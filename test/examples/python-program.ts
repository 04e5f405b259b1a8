import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { run } from '../clients/tools.ts';

/** The virtual environments. They are kept, so that the next run is faster. */
const folder = resolve('.examples');

/** Where a program is killed: at this call of a Python function, named as `module:Class.function`. */
export interface KillPoint {
  target: string;
  call: number;
}

export interface ProgramEnd {
  /** Null if the program was killed. */
  code: number | null;
  output: string;
  errors: string;
}

/** An example's own Python, with what its `requirements.txt` names, in versions that are pinned. */
export class PythonProgram {
  readonly #python: string;
  readonly #file: string;

  private constructor(python: string, file: string) {
    this.#python = python;
    this.#file = resolve(file);
  }

  /**
   * @param file the program of the example
   * @param example a folder in `examples/`, if the program needs packages
   */
  static async install(file: string, example?: string): Promise<PythonProgram> {
    if (example === undefined) return new PythonProgram('python3', file);
    const python = `${folder}/${example}/bin/python`;
    mkdirSync(folder, { recursive: true });
    if (!existsSync(python)) await run(['python3', '-m', 'venv', `${folder}/${example}`]);
    const requirements = ['-r', `examples/${example}/requirements.txt`];
    const pins = ['-c', `test/examples/${example}.constraints.txt`];
    await run([
      python,
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      ...requirements,
      ...pins,
    ]);
    return new PythonProgram(python, file);
  }

  /** Another program with the same packages. */
  withFile(file: string): PythonProgram {
    return new PythonProgram(this.#python, file);
  }

  /** Runs the program to its end, or until it is killed. */
  async end(
    words: string[],
    { cwd, env = {}, kill }: { cwd: string; env?: Record<string, string>; kill?: KillPoint | undefined },
  ): Promise<ProgramEnd> {
    const killed = kill && [resolve('test/examples/kill_at.py'), kill.target, String(kill.call)];
    const program = spawn(this.#python, [...(killed ?? []), this.#file, ...words], {
      cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, errors, [code]] = await Promise.all([
      text(program.stdout),
      text(program.stderr),
      once(program, 'close'),
    ]);
    return { code, output, errors };
  }
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

/** Everything that the command downloads and generates. It is kept, so that the next run is faster. */
export const folder = resolve('.clients');

const generatorVersion = '7.25.0';
const generatorSha256 = '41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae';
export const generatorJar = `${folder}/openapi-generator-cli-${generatorVersion}.jar`;
export const python = `${folder}/venv/bin/python`;

export type Command = [program: string, ...words: string[]];

/**
 * Runs a program, and returns what it printed.
 * @throws Error with everything that it printed, if it fails
 */
export const run = async (
  [program, ...words]: Command,
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> => {
  const env = { ...process.env, ...options.env };
  const started = promisify(execFile)(program, words, { maxBuffer: 2 ** 26, ...options, env });
  try {
    return (await started).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${words.join(' ')} failed:\n${stdout}${stderr}`);
  }
};

const getGenerator = async () => {
  if (!existsSync(generatorJar)) {
    await run([
      ...(['mvn', '-q', '-B', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'] as const),
      `-Dartifact=org.openapitools:openapi-generator-cli:${generatorVersion}`,
      `-DoutputDirectory=${folder}`,
    ]);
  }
  const sha256 = createHash('sha256').update(readFileSync(generatorJar)).digest('hex');
  if (sha256 !== generatorSha256) throw new Error(`${generatorJar} has the SHA-256 ${sha256}: delete it`);
};

const getPython = async () => {
  if (!existsSync(python)) await run(['python3', '-m', 'venv', `${folder}/venv`]);
  await run([python, '-m', 'pip', 'install', '-q', '-r', 'test/clients/requirements.txt']);
};

/** Gets the generators, in the versions that are named here and in `requirements.txt`. */
export const getTools = async (): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  await getGenerator();
  await getPython();
};

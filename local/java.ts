import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The class files of DynamoDB Local need at least this release. */
const minRelease = 11;

const installCommands = {
  darwin: 'brew install openjdk@17',
  linux: 'apt-get install openjdk-17-jre-headless',
  win32: 'winget install EclipseAdoptium.Temurin.17.JRE',
} as Partial<Record<NodeJS.Platform, string>>;

const installAdvice = () => {
  const command = installCommands[process.platform];
  return `get one${command ? `, e.g. \`${command}\`` : ''}, or set JAVA_HOME`;
};

/** `openjdk version "17.0.15"` gives 17, and `java version "1.8.0_422"` gives 8. */
const parseRelease = (text: string): number | undefined => {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return first === undefined ? undefined : Number(first === '1' ? second : first);
};

const releaseOf = async (java: string): Promise<number | undefined> => {
  try {
    const { stdout, stderr } = await run(java, ['-version'], { timeout: 10_000 });
    return parseRelease(`${stderr}${stdout}`);
  } catch {
    return undefined;
  }
};

/**
 * Finds the Java that runs DynamoDB Local: the one in JAVA_HOME, or the first one in PATH that is recent
 * enough.
 * @throws Error with one line that says how to get Java, if there is none or only old ones.
 */
export const findJava = async (environment: NodeJS.ProcessEnv = process.env): Promise<string> => {
  const home = environment.JAVA_HOME;
  const onPath = (environment.PATH ?? '')
    .split(process.platform === 'win32' ? ';' : ':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'java'));
  const candidates = [...(home ? [join(home, 'bin', 'java')] : []), ...onPath];

  let tooOld: string | undefined;
  for (const java of candidates) {
    const release = await releaseOf(java);
    if (release === undefined) continue;
    if (release >= minRelease) return java;
    tooOld ??= `${java} is Java ${release}`;
  }
  const unsuitable = tooOld ? `, and ${tooOld}` : '';
  throw new Error(`Java ${minRelease} or later is needed${unsuitable}: ${installAdvice()}`);
};

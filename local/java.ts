import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The class files of DynamoDB Local need at least this release. */
const minRelease = 17;

/** All of these contain the compiler. So does Debian's JRE. */
const installCommands = {
  darwin: 'brew install openjdk@17',
  linux: 'apt-get install openjdk-17-jre-headless',
  win32: 'winget install EclipseAdoptium.Temurin.17.JDK',
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

/** Java compiles `DynamoDbLocal.java` at each start. Some runtimes do not contain the compiler. */
const hasCompiler = async (java: string): Promise<boolean> => {
  try {
    await run(java, ['--describe-module', 'jdk.compiler'], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

/**
 * Finds the Java that runs DynamoDB Local: the one in JAVA_HOME, or the first one in PATH. It must be recent enough, and
 * contain the compiler.
 * @throws Error with one line that says how to get Java, if there is no suitable one
 */
export const findJava = async (environment: NodeJS.ProcessEnv = process.env): Promise<string> => {
  const home = environment.JAVA_HOME;
  const onPath = (environment.PATH ?? '')
    .split(process.platform === 'win32' ? ';' : ':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'java'));
  const candidates = [...(home ? [join(home, 'bin', 'java')] : []), ...onPath];

  let reason: string | undefined;
  for (const java of candidates) {
    const release = await releaseOf(java);
    if (release === undefined) continue;
    const isRecent = release >= minRelease;
    if (isRecent && (await hasCompiler(java))) return java;
    reason ??= `${java} is Java ${release}${isRecent ? ' without its compiler (jdk.compiler)' : ''}`;
  }
  const unsuitable = reason ? `, and ${reason}` : '';
  throw new Error(`Java ${minRelease} or later is needed${unsuitable}: ${installAdvice()}`);
};

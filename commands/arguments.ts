import { type ParseArgsConfig, parseArgs } from 'node:util';
import { namespaceFormat } from '../lib/auth/namespace-format.ts';
import { HelpRequested } from './run-command.ts';

/** Whether `--help` is among the arguments, also beside arguments that are wrong. */
const isHelpRequested = (): boolean => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } }, strict: false });
  return values.help !== undefined;
};

/**
 * Parses the arguments of this process.
 * @throws HelpRequested with the usage, if `--help` is among them
 * @throws Error that ends with the usage, for an option that is unknown or has no value
 */
export const parseArguments = <Config extends ParseArgsConfig>(usage: string, config: Config) => {
  if (isHelpRequested()) throw new HelpRequested(usage);
  try {
    return parseArgs(config);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
};

/** @throws Error with one line if the text is not a namespace */
export const parseNamespace = (text: string): string => {
  if (!namespaceFormat.test(text))
    throw new Error(`--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "${text}".`);
  return text;
};

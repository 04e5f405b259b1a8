import { type ParseArgsConfig, parseArgs } from 'node:util';
import { namespaceFormat } from '../lib/auth/namespace-format.ts';
import { HelpRequested } from './run-command.ts';

/** @throws HelpRequested with the usage, if `--help` is among the arguments, also beside arguments that are wrong */
export const offerHelp = (usage: string): void => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } }, strict: false });
  if (values.help !== undefined) throw new HelpRequested(usage);
};

/** Says in one sentence what Node found wrong with the arguments. Node's own sentences are for the authors of commands. */
const explain = ({ code, message }: NodeJS.ErrnoException): string => {
  const [, argument] = /'([^' ]*)/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `There is no option ${argument}.`;
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return `Unexpected argument "${argument}".`;
  return `The option ${argument} ${message.includes('does not take') ? 'takes no' : 'needs a'} value.`;
};

/**
 * Parses the arguments of this process.
 * @throws HelpRequested with the usage, if `--help` is among them
 * @throws Error that ends with the usage, for an option that is unknown or has no value
 */
export const parseArguments = <Config extends ParseArgsConfig>(usage: string, config: Config) => {
  offerHelp(usage);
  try {
    return parseArgs(config);
  } catch (error) {
    throw new Error(`${explain(error as Error)}\n${usage}`);
  }
};

/** @throws Error with one line if the text is not a namespace */
export const parseNamespace = (text: string): string => {
  if (!namespaceFormat.test(text))
    throw new Error(`--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "${text}".`);
  return text;
};

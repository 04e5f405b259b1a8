import { type ParseArgsConfig, parseArgs } from 'node:util';
import { wrong } from './command-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const commonOptions = {
  url: { type: 'string' },
  key: { type: 'string' },
  namespace: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const satisfies Options;

export const commonUsage = `  --url <url>           where the service is (default: the environment variable CHANNELS_URL, or http://localhost:3030)
  --key <key>           the API key (default: the environment variable CHANNELS_KEY)
  --namespace <name>    the company namespace (default: the first one of the key)
  --json                prints results as JSON, one object on each line; errors as {"error": "…", "exit_code": 2} and warnings
                        as {"warning": "…"} on standard error
  --help`;

/** Says in one sentence what Node found wrong with the arguments. Node's own sentences are for the authors of commands. */
const explain = ({ code, message }: NodeJS.ErrnoException): string => {
  const [, argument] = /'([^' ]*)/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `There is no option ${argument}.`;
  return `The option ${argument} ${message.includes('does not take') ? 'takes no' : 'needs a'} value.`;
};

/**
 * Parses the arguments of a command.
 * @param operands the names of the arguments that are no options
 * @throws CommandError with one sentence
 */
export const parseArguments = <Own extends Options>(args: string[], own: Own, operands: string[] = []) => {
  const options = { ...commonOptions, ...own };
  const parse = () => {
    try {
      return parseArgs({ args, options, allowPositionals: true });
    } catch (error) {
      throw wrong(explain(error as Error));
    }
  };
  const { values, positionals } = parse();
  const missing = operands[positionals.length];
  if (missing !== undefined) throw wrong(`The argument <${missing}> is missing.`);
  const unexpected = positionals[operands.length];
  if (unexpected !== undefined) throw wrong(`Unexpected argument "${unexpected}".`);
  return { values, operands: positionals };
};

/** Parses an option that takes one of a few values. @throws CommandError */
export const oneOf = <Value extends string>(
  option: string,
  values: readonly Value[],
  text: string | undefined,
): Value | undefined => {
  const value = values.find((each) => each === text);
  if (text !== undefined && value === undefined)
    throw wrong(`--${option} is ${values.join(' or ')}, not "${text}".`);
  return value;
};

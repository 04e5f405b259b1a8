import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ChannelsClient } from '../channels-client.ts';
import { pause } from '../pause.ts';
import { CommandError, exitCodes, wrong } from './command-error.ts';
import type { Connection } from './runs/own-version.ts';
import type { Terminal } from './terminal.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const commonOptions = {
  url: { type: 'string' },
  key: { type: 'string' },
  namespace: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const satisfies Options;

export const commonUsage = `  --url <url>           where the service is (default: http://localhost:3030)
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

export interface Target {
  url?: string | undefined;
  key?: string | undefined;
  namespace?: string | undefined;
}

const defaultUrl = 'http://localhost:3030';

/**
 * Connects, and reads which key and which namespace the service sees.
 * @throws CommandError without a key, if the URL is wrong, or for a namespace that the key does not hold
 */
export const connect = async (
  { url = defaultUrl, key, namespace }: Target,
  { env, signal }: Terminal,
): Promise<{ connection: Connection; url: string; namespace: string; namespaces: string[] }> => {
  const secret = (key ?? env.CHANNELS_KEY)?.trim();
  if (!secret)
    throw wrong('There is no API key. Set the environment variable CHANNELS_KEY, or add --key <key>.');
  // Such a key does not fit into a header.
  if (!/^[!-~]+$/.test(secret)) throw wrong('The API key has a character that no key has. Copy it again.');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw wrong(`--url is the address of the service, for example https://example.com, not "${url}".`);
  const own = await new ChannelsClient({ url, key: secret }).me({ signal });
  const { key_id: keyId, namespaces } = own;
  if (namespace !== undefined && !namespaces.includes(namespace))
    throw new CommandError(
      exitCodes.keyRefused,
      `The API key does not hold the namespace "${namespace}". It holds ${namespaces.join(', ')}.`,
    );
  const acting = namespace ?? own.namespace;
  const client = new ChannelsClient({ url, key: secret, namespace: acting });
  return {
    connection: { client, keyId, signal, pause: (seconds: number) => pause(seconds, signal) },
    url,
    namespace: acting,
    namespaces,
  };
};

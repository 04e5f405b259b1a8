import { parseArgs } from 'node:util';
import { namespaceFormat } from '../../lib/auth/namespace.ts';
import { readChannelId } from '../../lib/channels/channel-id.ts';

export const usage = `Usage:
  npm run -s replay -- --namespace <name> [--channel <id>] [--from <time>] [--to <time>]
  npm run -s replay -- --from <time> [--to <time>]
  npm run -s replay -- --environment <name> --dead-letters [--namespace <name>] [--channel <id>] [--from …] [--to …]
Shows the events that would be published again; --send publishes them. Times are ISO 8601, as 2026-11-24T09:00:00Z.
Add --environment <name> to act on a deployed environment, by the account and region of your shell; without it, the
local server that is running is meant, which keeps no queue of dead letters.`;

/** Which events are meant: all that is given has to fit. */
export interface Selection {
  namespace?: string;
  channel?: string;
  /** Milliseconds since the epoch, both included. */
  from?: number;
  to?: number;
}

export interface Words {
  environment: string | undefined;
  deadLetters: boolean;
  send: boolean;
  selection: Selection;
}

const readTime = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`--${option} is a time as 2026-11-24T09:00:00Z, not "${text}".`);
  return time;
};

const readNamespace = (text: string | undefined): string | undefined => {
  if (text !== undefined && !namespaceFormat.test(text))
    throw new Error(`--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "${text}".`);
  return text;
};

const readChannel = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const id = readChannelId(text);
  if (id === undefined) throw new Error(`--channel is a channel's id, not "${text}".`);
  return id;
};

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        environment: { type: 'string' },
        namespace: { type: 'string' },
        channel: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        'dead-letters': { type: 'boolean', default: false },
        send: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
};

/** @throws Error where the words name nothing to replay, or are not understood. */
export const readWords = (): Words => {
  const { environment, namespace, channel, from, to, send, 'dead-letters': deadLetters } = readOptions();
  const given = {
    namespace: readNamespace(namespace),
    channel: readChannel(channel),
    from: readTime('from', from),
    to: readTime('to', to),
  };
  const selection = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Selection;
  if (deadLetters && environment === undefined)
    throw new Error('--dead-letters are kept by deployed environments: name an --environment.');
  if (!deadLetters && namespace === undefined && from === undefined) throw new Error(usage);
  if (channel !== undefined && namespace === undefined)
    throw new Error('--channel needs the --namespace in which it is meant.');
  return { environment, deadLetters, send, selection };
};

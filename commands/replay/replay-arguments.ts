import * as z from 'zod/mini';
import { parseChannelId } from '../../lib/channels/channel-id.ts';
import { parseArguments, parseNamespace } from '../arguments.ts';

const usage = `Usage:
  npm run -s replay -- --namespace <name> [--channel <id>] [--from <time>] [--to <time>]
  npm run -s replay -- --from <time> [--to <time>]
  npm run -s replay -- --environment <name> --dead-letters [--namespace <name>] [--channel <id>] [--from …] [--to …]
Prints the events that would be published again. With --send it publishes them. Times are ISO 8601, as
2026-11-24T09:00:00Z.
Add --environment <name> to act on a deployed environment. Your shell must be in its account and region. Without it, the
command acts on the local server that is running, which has no queue of dead letters.`;

/** Selects the events that match all the given fields. */
export interface Selection {
  namespace?: string;
  channel?: string;
  /** Milliseconds since the epoch, inclusive. */
  from?: number;
  /** Milliseconds since the epoch, inclusive. */
  to?: number;
}

export interface ReplayArguments {
  environment: string | undefined;
  deadLetters: boolean;
  send: boolean;
  selection: Selection;
}

const parseTime = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  // Date alone takes 30 February for 2 March.
  const isTime = z.iso.datetime({ offset: true }).safeParse(text).success;
  if (!isTime) throw new Error(`--${option} is a time as 2026-11-24T09:00:00Z, not "${text}".`);
  return Date.parse(text);
};

const parseChannel = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const id = parseChannelId(text);
  if (id === undefined) throw new Error(`--channel is a channel's id, not "${text}".`);
  return id;
};

/** @throws Error with one line or the usage, if the arguments are invalid or select nothing */
export const readArguments = (): ReplayArguments => {
  const { values } = parseArguments(usage, {
    options: {
      environment: { type: 'string' },
      namespace: { type: 'string' },
      channel: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      'dead-letters': { type: 'boolean', default: false },
      send: { type: 'boolean', default: false },
    },
  });
  const { environment, namespace, channel, from, to, send, 'dead-letters': deadLetters } = values;
  const parsed = {
    namespace: namespace === undefined ? undefined : parseNamespace(namespace),
    channel: parseChannel(channel),
    from: parseTime('from', from),
    to: parseTime('to', to),
  };
  const selection = Object.fromEntries(
    Object.entries(parsed).filter(([, value]) => value !== undefined),
  ) as Selection;
  if (deadLetters && environment === undefined)
    throw new Error('--dead-letters are kept by deployed environments: name an --environment.');
  if (!deadLetters && namespace === undefined && from === undefined) throw new Error(usage);
  if (channel !== undefined && namespace === undefined)
    throw new Error('--channel needs a --namespace: a channel may belong to several.');
  return { environment, deadLetters, send, selection };
};

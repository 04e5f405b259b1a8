import { ChannelsClient } from '../channels-client.ts';
import { ChannelsError } from '../channels-error.ts';
import { pause } from '../pause.ts';
import type { OwnKey } from '../types.ts';
import { CommandError, exitCodes, wrong } from './command-error.ts';
import type { Connection } from './runs/own-version.ts';
import type { Terminal } from './terminal.ts';

export interface Target {
  url?: string | undefined;
  key?: string | undefined;
  namespace?: string | undefined;
}

const defaultUrl = 'http://localhost:3030';

/** What this service answers to `GET /me` without the own key. Any other server answers what it likes. */
const isOfThisService = (error: Error): boolean => {
  // `fetch` and the client keep the reason of a broken connection in the cause. Without one, the answer is not what they expect.
  if (!(error instanceof ChannelsError)) return error.cause !== undefined;
  const { status, code } = error;
  return code === 'unauthenticated' || code === 'forbidden' || status === 429 || status >= 500;
};

/** @throws CommandError if there is another server */
const readOwnKey = async (client: ChannelsClient, url: string, signal: AbortSignal): Promise<OwnKey> => {
  const noService = () => wrong(`There is no Client Channels service at ${url}.`);
  const own = await client.me({ signal }).catch((error: Error) => {
    throw isOfThisService(error) ? error : noService();
  });
  if (typeof own?.key_id !== 'string' || !Array.isArray(own.namespaces)) throw noService();
  return own;
};

/**
 * Connects, and reads which key and which namespace the service sees.
 * @throws CommandError without a key, if the URL is wrong or the one of another server, or for a namespace that the key does not hold
 */
export const connect = async (
  { url: chosenUrl, key, namespace }: Target,
  { env, signal }: Terminal,
): Promise<{ connection: Connection; url: string; namespace: string; namespaces: string[] }> => {
  const url = chosenUrl ?? env.CHANNELS_URL ?? defaultUrl;
  const secret = (key ?? env.CHANNELS_KEY)?.trim();
  if (!secret)
    throw wrong('There is no API key. Set the environment variable CHANNELS_KEY, or add --key <key>.');
  // Such a key does not fit into a header.
  if (!/^[!-~]+$/.test(secret)) throw wrong('The API key has a character that no key has. Copy it again.');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw wrong(`--url is the address of the service, for example https://example.com, not "${url}".`);
  const own = await readOwnKey(new ChannelsClient({ url, key: secret }), url, signal);
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

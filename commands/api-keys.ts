import { createApiKey, formatApiKey, type Scope } from '../lib/auth/api-key.ts';
import {
  type ApiKeyRecord,
  type Grant,
  listApiKeys,
  revokeApiKey,
  saveApiKey,
} from '../lib/auth/api-key-store.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { ConditionFailed } from '../lib/dynamodb/failures.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { parseArguments, parseNamespace } from './arguments.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

const usage = `Usage:
  npm run -s keys -- create --namespace <name> [--namespace <name>] --scope read [--scope write] [--expires 90d]
                            [--name "SAP connector"]
  npm run -s keys -- list [--namespace <name>]
  npm run -s keys -- revoke <key id>
create prints the new key. Nobody can read it again. The name of a key is for its operators; it is not part of the key.
list shows one key on each line: id, last four characters of its middle part, name ("-" if it has none), namespaces, scopes, creation,
state. With --namespace, it shows only the keys that hold this namespace.
Add --environment <name> to act on a deployed environment. Your shell must be in its account and region.
Without it, the command acts on the local server that is running.`;

const scopes: Record<string, Scope> = { read: 'channels:read', write: 'channels:write' };
const hourMs = 60 * 60 * 1000;
const unitsMs: Record<string, number> = { h: hourMs, d: 24 * hourMs };

const parseScope = (text: string): Scope => {
  const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
  if (!scope) throw new Error(`--scope is "read" or "write", not "${text}".`);
  return scope;
};

const word = '[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]+';
/** Words with single spaces between them, because two spaces separate the columns of the list. */
const nameFormat = new RegExp(`^${word}(?: ${word})*$`, 'u');
const maxNameCharacters = 100;

const parseName = (text: string): string => {
  if ([...text].length > maxNameCharacters || !nameFormat.test(text))
    throw new Error(
      `--name is 1 to ${maxNameCharacters} printable characters, with single spaces between words, not ${JSON.stringify(text)}.`,
    );
  return text;
};

/** @returns milliseconds since the epoch */
const parseExpiry = (text: string): number => {
  const [, amount, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (!amount || !unit)
    throw new Error(`--expires is a number of days or hours, as "90d" or "12h", not "${text}".`);
  return Date.now() + Number(amount) * (unitsMs[unit] as number);
};

const readArguments = () =>
  parseArguments(usage, {
    allowPositionals: true,
    options: {
      environment: { type: 'string' },
      namespace: { type: 'string', multiple: true },
      scope: { type: 'string', multiple: true },
      expires: { type: 'string' },
      name: { type: 'string' },
    },
  });

type Arguments = ReturnType<typeof readArguments>;

/** What a command does to the table of API keys. It is built only from valid arguments. */
type Action = (table: Table, environment: string) => Promise<string>;

type Options = Arguments['values'];

const create = ({ namespace, scope, expires, name }: Options): Action => {
  if (!namespace) throw new Error('Name at least one --namespace.');
  if (!scope) throw new Error('Name at least one --scope: read, write.');
  const grant: Grant = {
    ...(name !== undefined && { name: parseName(name) }),
    namespaces: [...new Set(namespace.map(parseNamespace))],
    scopes: [...new Set(scope.map(parseScope))],
    ...(expires !== undefined && { expiresAt: parseExpiry(expires) }),
  };
  return async (table, environment) => {
    const key = createApiKey(environment);
    await saveApiKey(table, key, grant);
    return formatApiKey(key);
  };
};

const formatTime = (time: number) => new Date(time).toISOString().slice(0, 16);

const describeState = ({ revokedAt, expiresAt }: ApiKeyRecord): string => {
  if (revokedAt !== undefined) return `revoked ${formatTime(revokedAt)}`;
  if (expiresAt === undefined) return 'valid';
  return `${expiresAt < Date.now() ? 'expired' : 'valid until'} ${formatTime(expiresAt)}`;
};

const describeKey = (key: ApiKeyRecord): string =>
  [
    key.id,
    `…${key.lastFour}`,
    key.name ?? '-',
    key.namespaces.join(','),
    key.scopes.join(','),
    `created ${formatTime(key.createdAt)}`,
    describeState(key),
  ].join('  ');

const list = (options: Options): Action => {
  const wanted = options.namespace?.map(parseNamespace);
  return async (table) => {
    const found = (await listApiKeys(table)).filter(
      ({ namespaces }) => !wanted || wanted.some((namespace) => namespaces.includes(namespace)),
    );
    if (found.length) return found.map(describeKey).join('\n');
    return wanted ? `No key holds the namespace ${wanted.join(' or ')}.` : 'There are no keys.';
  };
};

const revoke = (id: string | undefined): Action => {
  if (!id) throw new Error('Which key? `keys -- list` shows their ids.');
  return async (table) => {
    try {
      await revokeApiKey(table, id);
    } catch (error) {
      if (error instanceof ConditionFailed) throw new Error(`There is no key "${id}".`);
      throw error;
    }
    return `Revoked ${id}. Functions that know it may accept it for another minute.`;
  };
};

/**
 * npm itself takes options that do not follow a `--`, and passes on only their values.
 * @throws Error for an argument too many
 */
const refuseExtra = (extra: string | undefined): void => {
  if (extra !== undefined)
    throw new Error(`Unexpected argument "${extra}": options follow a "--", as in npm run -s keys -- list.`);
};

/** An option that changes nothing is refused: its user expects something else. */
const refuseOptions = (command: string, options: Options, allowed: readonly (keyof Options)[]): void => {
  const known: readonly string[] = ['environment', ...allowed];
  const unused = Object.keys(options).find((option) => !known.includes(option));
  if (unused !== undefined) throw new Error(`${command} has no option --${unused}.`);
};

const selectAction = ({ values, positionals: [command, id, ...others] }: Arguments): Action => {
  refuseExtra(command === 'revoke' ? others[0] : command && (id ?? others[0]));
  switch (command) {
    case 'create':
      return create(values);
    case 'list':
      refuseOptions(command, values, ['namespace']);
      return list(values);
    case 'revoke':
      refuseOptions(command, values, []);
      return revoke(id);
    default:
      throw new Error(usage);
  }
};

const run = async (): Promise<void> => {
  const args = readArguments();
  const action = selectAction(args);
  const { environment, apiKeysTable } = await selectTarget(args.values.environment);
  const session = { client: connect(), meter: new Meter(), signal: AbortSignal.timeout(60_000) };
  console.log(await action(new Table(session, apiKeysTable), environment));
};

await runCommand(run);

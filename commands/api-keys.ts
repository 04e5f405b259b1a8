import { createApiKey, formatApiKey, type Scope } from '../lib/auth/api-key.ts';
import { type Grant, listApiKeys, revokeApiKey, saveApiKey } from '../lib/auth/api-key-store.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { ConditionFailed } from '../lib/dynamodb/failures.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { parseArguments, parseNamespace } from './arguments.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

const usage = `Usage:
  npm run -s keys -- create --namespace <name> [--namespace <name>] --scope read [--scope write] [--expires 90d]
  npm run -s keys -- list
  npm run -s keys -- revoke <key id>
Add --environment <name> to act on a deployed environment, in the account and region of your shell.
Without it, the command acts on the local server that is running.`;

const scopes: Record<string, Scope> = { read: 'channels:read', write: 'channels:write' };
const hourMs = 60 * 60 * 1000;
const unitsMs: Record<string, number> = { h: hourMs, d: 24 * hourMs };

const parseScope = (text: string): Scope => {
  const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
  if (!scope) throw new Error(`--scope is "read" or "write", not "${text}".`);
  return scope;
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
      namespace: { type: 'string', multiple: true, default: [] },
      scope: { type: 'string', multiple: true, default: [] },
      expires: { type: 'string' },
    },
  });

type Arguments = ReturnType<typeof readArguments>;

/** What a command does to the table of API keys. It is built only from valid arguments. */
type Action = (table: Table, environment: string) => Promise<string>;

const create = (options: Arguments['values']): Action => {
  if (!options.namespace.length) throw new Error('Name at least one --namespace.');
  if (!options.scope.length) throw new Error('Name at least one --scope: read, write.');
  const grant: Grant = {
    namespaces: [...new Set(options.namespace.map(parseNamespace))],
    scopes: [...new Set(options.scope.map(parseScope))],
    ...(options.expires !== undefined && { expiresAt: parseExpiry(options.expires) }),
  };
  return async (table, environment) => {
    const key = createApiKey(environment);
    await saveApiKey(table, key, grant);
    return formatApiKey(key);
  };
};

const formatTime = (time: number) => new Date(time).toISOString().slice(0, 16);

const describeState = ({ revokedAt, expiresAt }: { revokedAt?: number; expiresAt?: number }): string => {
  if (revokedAt !== undefined) return `revoked ${formatTime(revokedAt)}`;
  if (expiresAt === undefined) return 'valid';
  return `${expiresAt < Date.now() ? 'expired' : 'valid until'} ${formatTime(expiresAt)}`;
};

const list: Action = async (table) => {
  const rows = (await listApiKeys(table)).map((key) =>
    [
      key.id,
      `…${key.lastFour}`,
      key.namespaces.join(','),
      key.scopes.join(','),
      `created ${formatTime(key.createdAt)}`,
      describeState(key),
    ].join('  '),
  );
  return rows.join('\n');
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

const selectAction = ({ values, positionals: [command, id, ...others] }: Arguments): Action => {
  refuseExtra(command === 'revoke' ? others[0] : command && (id ?? others[0]));
  switch (command) {
    case 'create':
      return create(values);
    case 'list':
      return list;
    case 'revoke':
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

import { parseArgs } from 'node:util';
import { type Grant, listApiKeys, revokeApiKey, saveApiKey } from '../lib/auth/api-key-store.ts';
import { createApiKey, formatApiKey, type Scope } from '../lib/auth/api-key.ts';
import { namespaceFormat } from '../lib/auth/namespace.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { ConditionFailed } from '../lib/dynamodb/failures.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { tableNames } from '../lib/manifest/tables.ts';
import { runCommand } from './run-command.ts';
import { enterTarget } from './target.ts';

const usage = `Usage:
  npm run -s keys -- create --namespace <name> [--namespace <name>] --scope read [--scope write] [--expires 90d]
  npm run -s keys -- list
  npm run -s keys -- revoke <key id>
Add --environment <name> to act on a deployed environment, by the account and region of your shell;
without it, they act on the local server that is running.`;

const scopes: Record<string, Scope> = { read: 'channels:read', write: 'channels:write' };
const hour = 60 * 60 * 1000;
const units: Record<string, number> = { h: hour, d: 24 * hour };

const readScope = (text: string): Scope => {
  const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
  if (!scope) throw new Error(`--scope is "read" or "write", not "${text}".`);
  return scope;
};

const readNamespace = (text: string): string => {
  if (!namespaceFormat.test(text))
    throw new Error(`--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "${text}".`);
  return text;
};

const readExpiry = (text: string): number => {
  const [, amount, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (!amount || !unit)
    throw new Error(`--expires is a number of days or hours, as "90d" or "12h", not "${text}".`);
  return Date.now() + Number(amount) * (units[unit] as number);
};

const read = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        environment: { type: 'string' },
        namespace: { type: 'string', multiple: true, default: [] },
        scope: { type: 'string', multiple: true, default: [] },
        expires: { type: 'string' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
};

/** What a command does to the table, once all its words have been understood. */
type Action = (table: Table, environment: string) => Promise<string>;

const create = (options: ReturnType<typeof read>['values']): Action => {
  if (!options.namespace.length) throw new Error('Name at least one --namespace.');
  if (!options.scope.length) throw new Error('Name at least one --scope: read, write.');
  const grant: Grant = {
    namespaces: [...new Set(options.namespace.map(readNamespace))],
    scopes: [...new Set(options.scope.map(readScope))],
    ...(options.expires !== undefined && { expiresAt: readExpiry(options.expires) }),
  };
  return async (table, environment) => {
    const key = createApiKey(environment);
    await saveApiKey(table, key, grant);
    return formatApiKey(key);
  };
};

const day = (time: number) => new Date(time).toISOString().slice(0, 16);

const stateOf = ({ revokedAt, expiresAt }: { revokedAt?: number; expiresAt?: number }): string => {
  if (revokedAt !== undefined) return `revoked ${day(revokedAt)}`;
  if (expiresAt === undefined) return 'valid';
  return `${expiresAt < Date.now() ? 'expired' : 'valid until'} ${day(expiresAt)}`;
};

const list: Action = async (table) => {
  const rows = (await listApiKeys(table)).map((key) =>
    [
      key.id,
      `…${key.lastFour}`,
      key.namespaces.join(','),
      key.scopes.join(','),
      `created ${day(key.createdAt)}`,
      stateOf(key),
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

const understand = ({ values, positionals: [command, id] }: ReturnType<typeof read>): Action => {
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
  const words = read();
  const action = understand(words);
  const environment = enterTarget(words.values.environment);
  const { accessKeys } = tableNames(environment);
  const table = new Table(connect(), accessKeys, new Meter(), AbortSignal.timeout(60_000));
  console.log(await action(table, environment));
};

await runCommand(run);

import { parseArgs } from 'node:util';
import { listAccessKeys, revokeAccessKey, saveAccessKey } from '../lib/access/access-keys.ts';
import { createApiKey, formatApiKey, type Scope } from '../lib/access/api-key.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { ConditionFailed } from '../lib/dynamodb/failures.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { tableNames } from '../lib/tables.ts';
import { engineEnvironment, enterEnvironment, localEnvironment } from '../local/environment.ts';
import { findRunningServer, stateFolder } from '../local/state.ts';

const usage = `Usage:
  npm run -s keys -- create --namespace <name> [--namespace <name>] --scope read [--scope write] [--expires 90d]
  npm run -s keys -- list
  npm run -s keys -- revoke <key id>
Add --environment <name> to act on a deployed environment, by the account and region of your shell;
without it, they act on the local server that is running.`;

/** A command that can't be carried out as it was written: said in one line, without a stack trace. */
class CommandError extends Error {}

const scopes: Record<string, Scope> = { read: 'channels:read', write: 'channels:write' };
const hour = 60 * 60 * 1000;
const units: Record<string, number> = { h: hour, d: 24 * hour };

const readScope = (text: string): Scope => {
  const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
  if (!scope) throw new CommandError(`--scope is "read" or "write", not "${text}".`);
  return scope;
};

const readNamespace = (text: string): string => {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(text))
    throw new CommandError(`--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "${text}".`);
  return text;
};

const readExpiry = (text: string): number => {
  const [, amount, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (!amount || !unit)
    throw new CommandError(`--expires is a number of days or hours, as "90d" or "12h", not "${text}".`);
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
    throw new CommandError(`${(error as Error).message}\n${usage}`);
  }
};

type Options = ReturnType<typeof read>['values'];

const create = async (table: Table, environment: string, options: Options): Promise<string> => {
  if (!options.namespace.length) throw new CommandError('Name at least one --namespace.');
  if (!options.scope.length) throw new CommandError('Name at least one --scope: read, write.');
  const key = createApiKey(environment);
  await saveAccessKey(table, key, {
    namespaces: [...new Set(options.namespace.map(readNamespace))],
    scopes: [...new Set(options.scope.map(readScope))],
    ...(options.expires !== undefined && { expiresAt: readExpiry(options.expires) }),
  });
  return formatApiKey(key);
};

const day = (time: number) => new Date(time).toISOString().slice(0, 16);

const stateOf = ({ revokedAt, expiresAt }: { revokedAt?: number; expiresAt?: number }): string => {
  if (revokedAt !== undefined) return `revoked ${day(revokedAt)}`;
  if (expiresAt === undefined) return 'valid';
  return `${expiresAt < Date.now() ? 'expired' : 'valid until'} ${day(expiresAt)}`;
};

const list = async (table: Table): Promise<string> => {
  const rows = (await listAccessKeys(table)).map((key) =>
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

const revoke = async (table: Table, id: string | undefined): Promise<string> => {
  if (!id) throw new CommandError('Which key? `keys -- list` shows their ids.');
  try {
    await revokeAccessKey(table, id);
  } catch (error) {
    if (error instanceof ConditionFailed) throw new CommandError(`There is no key "${id}".`);
    throw error;
  }
  return `Revoked ${id}. Functions that know it may accept it for another minute.`;
};

const enterLocalEnvironment = (): void => {
  const { enginePort } = findRunningServer(stateFolder()) ?? {};
  if (enginePort === undefined)
    throw new CommandError(
      'No local server is running: start one with "npm start", or name an --environment.',
    );
  enterEnvironment({ ...engineEnvironment, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${enginePort}` });
};

const run = async (): Promise<string> => {
  const { values, positionals } = read();
  const [command, id] = positionals;
  if (!command || !['create', 'list', 'revoke'].includes(command)) throw new CommandError(usage);
  if (values.environment === undefined) enterLocalEnvironment();
  const environment = values.environment ?? localEnvironment;
  const table = new Table(
    connect(),
    tableNames(environment).accessKeys,
    new Meter(),
    AbortSignal.timeout(60_000),
  );
  if (command === 'create') return create(table, environment, values);
  return command === 'list' ? list(table) : revoke(table, id);
};

try {
  console.log(await run());
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

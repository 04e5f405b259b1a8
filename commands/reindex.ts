import { parseArgs } from 'node:util';
import { findEnvironment } from '../infra/environments.ts';
import { namesOf } from '../infra/names.ts';
import { namespaceForm } from '../lib/access/namespace.ts';
import { isCounter } from '../lib/channels/items.ts';
import { namespaceOf } from '../lib/channels/keys.ts';
import { reindex } from '../lib/directory/reindex.ts';
import { openTables, type Tables } from '../lib/directory/tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import type { Table } from '../lib/dynamodb/table.ts';
import { tableNames } from '../lib/tables.ts';
import { CommandError, enterTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--environment <name>]
       npm run -s reindex -- --all [--environment <name>]
Makes right whatever is derived from the channels of a namespace: totals, keys of indexes, search entries, the blocks
that count for pages. It may run while the service does. --all reads the whole table to find the namespaces. Without
--environment, it acts on the local server that is running.`;

const read = () => {
  try {
    const { values } = parseArgs({
      options: {
        environment: { type: 'string' },
        namespace: { type: 'string', multiple: true, default: [] },
        all: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n${usage}`);
  }
};

/** Milliseconds that a namespace may take, or the search for all of them. */
const patience = 60 * 60 * 1000;

/** The tables of a deployed environment, restored ones in their place, or those of the local server. */
const tableNamesOf = (environment: string | undefined): Record<keyof Tables, string> => {
  if (environment === undefined) return tableNames(enterTarget(undefined));
  const { channelsTable: channels, directoryTable: directory } = namesOf(findEnvironment(environment));
  return { channels, directory };
};

const readNamespaces = async (channels: Table): Promise<string[]> => {
  const found = new Set<string>();
  for await (const item of channels.scan()) if (isCounter(item)) found.add(namespaceOf(item.pk as string));
  return [...found].sort();
};

const run = async (): Promise<void> => {
  const { namespace: named, all, environment } = read();
  if (all === named.length > 0 || !named.every((name) => namespaceForm.test(name)))
    throw new CommandError(usage);
  const names = tableNamesOf(environment);
  const client = connect();
  const openAll = () => openTables(client, names, AbortSignal.timeout(patience));
  for (const namespace of all ? await readNamespaces(openAll().channels) : named) {
    const { totals, keys, blocks, channels } = await reindex(openAll(), namespace);
    const [before, after] = [totals.before, totals.after].map(
      ({ enabled, disabled }) => `${enabled} enabled and ${disabled} disabled`,
    );
    console.log(`${namespace}: ${after}${before === after ? '' : `, not ${before}`}`);
    console.log(
      `${namespace}: ${keys} channels indexed anew, ${blocks} blocks counted anew, ${channels} channels entered anew`,
    );
  }
};

try {
  await run();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

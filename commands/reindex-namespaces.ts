import { parseArgs } from 'node:util';
import { findEnvironment } from '../infra/environments.ts';
import { namesOf } from '../infra/names.ts';
import { namespaceFormat } from '../lib/auth/namespace.ts';
import { isCounter, type Totals } from '../lib/channels/items.ts';
import { namespaceOf } from '../lib/channels/keys.ts';
import { openChannelTables, type ChannelTables } from '../lib/projections/channel-tables.ts';
import { connect } from '../lib/dynamodb/client.ts';
import type { Table } from '../lib/dynamodb/table.ts';
import { ApiError } from '../lib/errors.ts';
import { reindexing } from '../lib/reindex/reindex.ts';
import { tableNames } from '../lib/manifest/tables.ts';
import { runCommand } from './run-command.ts';
import { enterTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--environment <name>]
       npm run -s reindex -- --all [--environment <name>]
Makes right whatever is derived from the channels of a namespace: totals, keys of indexes, search entries, the blocks
that count for pages. It may run while the service does. What others change too fast for it is said, and left to another
run: the exit code is 1 then. --all reads the whole table to find the namespaces. Without --environment, it acts on the
local server that is running.`;

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
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
};

/** The tables of a deployed environment, restored ones in their place, or those of the local server. */
const tableNamesOf = (environment: string | undefined): Record<keyof ChannelTables, string> => {
  if (environment === undefined) return tableNames(enterTarget(undefined));
  const { channelsTable: channels, directoryTable: directory } = namesOf(findEnvironment(environment));
  return { channels, directory };
};

const readNamespaces = async (channels: Table): Promise<string[]> => {
  const found = new Set<string>();
  for await (const item of channels.scan()) if (isCounter(item)) found.add(namespaceOf(item.pk as string));
  return [...found].sort();
};

const inWords = ({ enabled, disabled }: Totals) => `${enabled} enabled and ${disabled} disabled`;

/** What each step of reindexing has to say of a namespace. */
const steps: ((tables: ChannelTables, namespace: string) => Promise<string>)[] = [
  async (...of) => `${await reindexing.keys(...of)} channels indexed anew`,
  async (...of) => `${await reindexing.buckets(...of)} blocks counted anew`,
  async (...of) => `${await reindexing.channels(...of)} channels entered anew`,
  async (...of) => {
    const { before, after } = await reindexing.totals(...of);
    if (!(after.enabled + after.disabled)) return 'no channels, or no such namespace';
    return inWords(after) + (inWords(before) === inWords(after) ? '' : `, not ${inWords(before)}`);
  },
];

const run = async (): Promise<void> => {
  const { namespace: named, all, environment } = read();
  if (all === named.length > 0 || !named.every((name) => namespaceFormat.test(name))) throw new Error(usage);
  const names = tableNamesOf(environment);
  // However long it takes: a person can end it, and do it again.
  const tables = openChannelTables(connect(), names, new AbortController().signal);
  for (const namespace of all ? await readNamespaces(tables.channels) : named)
    for (const step of steps)
      try {
        console.log(`${namespace}: ${await step(tables, namespace)}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        console.error(`${namespace}: ${error.message}`);
        process.exitCode = 1;
      }
};

await runCommand(run);

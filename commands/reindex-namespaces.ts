import { namespaceFormat } from '../lib/auth/namespace-format.ts';
import { isCounter, type Totals } from '../lib/channels/items.ts';
import { namespaceOf } from '../lib/channels/keys.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { isTransient } from '../lib/dynamodb/failures.ts';
import type { Table } from '../lib/dynamodb/table.ts';
import { type ChannelTables, openChannelTables } from '../lib/projections/open-tables.ts';
import { reindexing } from '../lib/reindex/reindex.ts';
import { parseArguments } from './arguments.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--environment <name>]
       npm run -s reindex -- --all [--environment <name>]
Repairs all data that is derived from the channels of a namespace: index keys, count buckets, suffix entries and totals.
The service may run at the same time. If other writers change something too often to repair it, the command says so,
goes on with the next step, and ends with exit code 1: run it again later.
--all reads the whole table to find the namespaces. Without --environment, the command acts on the local server that
is running.`;

const readArguments = () => {
  const { values } = parseArguments(usage, {
    options: {
      environment: { type: 'string' },
      namespace: { type: 'string', multiple: true, default: [] },
      all: { type: 'boolean', default: false },
    },
  });
  const { namespace: names, all } = values;
  if (all === names.length > 0 || !names.every((name) => namespaceFormat.test(name))) throw new Error(usage);
  return values;
};

/** Every namespace that has channels has a counter. */
const findNamespaces = async (channels: Table): Promise<string[]> => {
  const found = new Set<string>();
  for await (const item of channels.scan()) if (isCounter(item)) found.add(namespaceOf(item.pk as string));
  return [...found].sort();
};

const describeTotals = ({ enabled, disabled }: Totals) => `${enabled} enabled and ${disabled} disabled`;

/** Each step repairs one kind of derived data of a namespace, and returns a line that says what it found. */
const steps: ((tables: ChannelTables, namespace: string) => Promise<string>)[] = [
  async (tables, namespace) => `index keys of ${await reindexing.keys(tables, namespace)} channels repaired`,
  async (tables, namespace) => `${await reindexing.buckets(tables, namespace)} count buckets recounted`,
  async (tables, namespace) =>
    `suffix entries of ${await reindexing.channels(tables, namespace)} channels repaired`,
  async (tables, namespace) => {
    const { before, after } = await reindexing.totals(tables, namespace);
    if (!(after.enabled + after.disabled)) return 'no channels, or no such namespace';
    const [was, is] = [describeTotals(before), describeTotals(after)];
    return is + (was === is ? '' : `, corrected from ${was}`);
  },
];

const run = async (): Promise<void> => {
  const { namespace: names, all, environment } = readArguments();
  const { channelsTable, projectionsTable } = await selectTarget(environment);
  // No timeout: a person can end the command and start it again.
  const { signal } = new AbortController();
  const tables = openChannelTables(
    connect(),
    { channels: channelsTable, projections: projectionsTable },
    signal,
  );
  for (const namespace of all ? await findNamespaces(tables.channels) : names)
    for (const step of steps)
      try {
        console.log(`${namespace}: ${await step(tables, namespace)}`);
      } catch (error) {
        if (!isTransient(error)) throw error;
        console.error(`${namespace}: ${error.message}`);
        process.exitCode = 1;
      }
};

await runCommand(run);

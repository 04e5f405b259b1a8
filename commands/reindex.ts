import { namespaceFormat } from '../lib/auth/namespace-format.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { findNamespaces } from '../lib/reindex/find-namespaces.ts';
import { parseArguments } from './arguments.ts';
import { repairNamespace } from './reindex/repair-namespace.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--environment <name>]
       npm run -s reindex -- --all [--environment <name>]
Repairs all data that is derived from the channels of a namespace: index keys, external keys, suffix entries, count
buckets and totals.
The service may run at the same time. If other writers change something too often to repair it, the command says so,
goes on with the next step, and ends with exit code 1: run it again later.
--all reads both tables whole to find the namespaces, also those that have lost their channels. Without --environment, the
command acts on the local server that is running.`;

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

const run = async (): Promise<void> => {
  const { namespace: names, all, environment } = readArguments();
  const { readChannelTables } = await selectTarget(environment);
  // No timeout: a person can end the command and start it again.
  const { signal } = new AbortController();
  const tables = openChannelTables(connect(), await readChannelTables(), signal);
  for (const namespace of all ? await findNamespaces(tables) : names)
    if (!(await repairNamespace(tables, namespace))) process.exitCode = 1;
};

await runCommand(run);

import { namespaceFormat } from '../lib/auth/namespace-format.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { beginGeneration } from '../lib/projections/change-log/log-head.ts';
import { openChannelTables } from '../lib/projections/open-tables.ts';
import { findNamespaces } from '../lib/reindex/find-namespaces.ts';
import { parseArguments } from './arguments.ts';
import { repairNamespace } from './reindex/repair-namespace.ts';
import { runCommand } from './run-command.ts';
import { selectTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--new-generation] [--environment <name>]
       npm run -s reindex -- --all [--new-generation] [--environment <name>]
Repairs all data that is derived from the channels of a namespace: index keys, external keys, suffix entries, count
buckets and totals.
The service may run at the same time. If other writers change something too often to repair it, the command says so,
goes on with the next step, and ends with exit code 1: run it again later.
--new-generation also begins a new change log. It is needed if changes were lost before they were numbered: records of the
stream that are more than 24 hours old. All readers of changes then get 410 cursor_expired, and begin again.
--all reads both tables whole to find the namespaces, also those that have lost their channels. Without --environment, the
command acts on the local server that is running.`;

const readArguments = () => {
  const { values } = parseArguments(usage, {
    options: {
      environment: { type: 'string' },
      namespace: { type: 'string', multiple: true, default: [] },
      all: { type: 'boolean', default: false },
      'new-generation': { type: 'boolean', default: false },
    },
  });
  const { namespace: names, all } = values;
  if (all === names.length > 0 || !names.every((name) => namespaceFormat.test(name))) throw new Error(usage);
  return values;
};

const run = async (): Promise<void> => {
  const { namespace: names, all, environment, 'new-generation': isNewLogWanted } = readArguments();
  const { readChannelTables } = await selectTarget(environment);
  // No timeout: a person can end the command and start it again.
  const { signal } = new AbortController();
  const tables = openChannelTables(connect(), await readChannelTables(), signal);
  const namespaces = all ? await findNamespaces(tables) : names;
  // First, because copies are wrong until their readers begin again. What is derived can be repaired later.
  for (const namespace of isNewLogWanted ? namespaces : []) {
    await beginGeneration(tables.projections, namespace);
    console.log(`${namespace}: a new change log has begun`);
  }
  for (const namespace of namespaces) if (!(await repairNamespace(tables, namespace))) process.exitCode = 1;
};

await runCommand(run);

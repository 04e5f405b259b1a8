import { parseArgs } from 'node:util';
import { namespaceForm } from '../lib/access/namespace.ts';
import { reindex } from '../lib/directory/reindex.ts';
import { connect } from '../lib/dynamodb/client.ts';
import { Meter } from '../lib/dynamodb/meter.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { tableNames } from '../lib/tables.ts';
import { CommandError, enterTarget } from './target.ts';

const usage = `Usage: npm run -s reindex -- --namespace <name> [--namespace <name>] [--environment <name>]
Makes right whatever is derived from the channels of a namespace: totals, keys of indexes, search entries, the
blocks that count for pages. It may run while the service does. Without --environment, it acts on the local server; --channels-table names a table that was
restored in place of the environment's own.`;

const read = () => {
  try {
    const { values } = parseArgs({
      options: {
        environment: { type: 'string' },
        'channels-table': { type: 'string' },
        namespace: { type: 'string', multiple: true, default: [] },
      },
    });
    return values;
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n${usage}`);
  }
};

/** Milliseconds that a namespace may take. */
const patience = 60 * 60 * 1000;

const run = async (): Promise<void> => {
  const { namespace: namespaces, environment, 'channels-table': restored } = read();
  if (!namespaces.length || !namespaces.every((name) => namespaceForm.test(name)))
    throw new CommandError(usage);
  const names = tableNames(enterTarget(environment));
  const client = connect();
  for (const namespace of namespaces) {
    const signal = AbortSignal.timeout(patience);
    const open = (name: string) => new Table(client, name, new Meter(), signal);
    const tables = { channels: open(restored ?? names.channels), directory: open(names.directory) };
    const { totals, keys, blocks, channels } = await reindex(tables, namespace);
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

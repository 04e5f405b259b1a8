import { exitCodes, wrong } from '../command-error.ts';
import { connect } from '../connect.ts';
import { describeChange } from '../output/describe-changes.ts';
import { Progress } from '../output/progress.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, parseArguments } from '../parse-arguments.ts';
import { Run } from '../runs/run.ts';
import { type Undone, undoRun } from '../runs/undo-run.ts';
import type { Terminal } from '../terminal.ts';
import type { Command } from './command.ts';

const usage = `Usage: client-channels undo <run> [--dry-run]
Puts back what an import or a sync changed within the last 90 days: deletes what it created, puts back what it updated, and
restores what it deleted. Channels that have changed since are skipped, and listed. A second time does nothing.

Examples:
  client-channels undo 20261128-101500123-3fa2 --dry-run   # lists what the run changed, and would be put back
  client-channels undo 20261128-101500123-3fa2
  ls .client-channels                                      # all runs. An import and a sync print the name at their end

The address and the namespace are those of the run, unless they are given.

  --dry-run             writes nothing
${commonUsage}`;

const describe = ({ result, _id, key, name, changes = [], reason }: Undone): string =>
  [
    `${[result.padEnd(8), _id, key, name && JSON.stringify(name), reason].filter(Boolean).join('  ')}\n`,
    ...changes.map((change) => `    ${describeChange(change)}\n`),
  ].join('');

const print = async (
  undone: Undone[],
  run: string,
  { json, 'dry-run': dry_run }: { json: boolean; 'dry-run': boolean },
  terminal: Terminal,
): Promise<{ skipped: number }> => {
  const skipped = undone.filter(({ result }) => result === 'skipped');
  const unchanged = undone.filter(({ result }) => result === 'unchanged').length;
  const summary = {
    undone: undone.length - skipped.length - unchanged,
    unchanged,
    skipped: skipped.length,
  };
  if (json) {
    for (const each of undone) await printJson(each, terminal);
    await printJson({ summary, run, ...(dry_run && { dry_run }) }, terminal);
    return summary;
  }
  const shown = dry_run ? undone.filter(({ result }) => result !== 'unchanged') : skipped;
  for (const each of shown) await terminal.write(describe(each));
  await terminal.write(
    undone.length
      ? `${dry_run ? 'Dry run, nothing was written: ' : ''}${summary.undone} put back, ${unchanged} as before already, ${summary.skipped} skipped\n`
      : 'The run changed nothing.\n',
  );
  return summary;
};

export const undoCommand: Command = {
  summary: 'puts back what an import or a sync changed',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, { 'dry-run': { type: 'boolean', default: false } }, [
      'run',
    ]);
    const run = Run.open(terminal.folder, operands[0] ?? '');
    try {
      const { record } = run;
      const target = {
        ...values,
        url: values.url ?? record.url,
        namespace: values.namespace ?? record.namespace,
      };
      const { connection, namespace } = await connect(target, terminal);
      if (namespace !== record.namespace)
        throw wrong(`The run was in the namespace ${record.namespace}, not ${namespace}.`);
      const dryRun = values['dry-run'];
      const progress = new Progress(terminal);
      const undone = await undoRun(connection, run, progress, { dryRun }).finally(() => progress.end());
      const { skipped } = await print(undone, record.id, values, terminal);
      return skipped ? exitCodes.failed : exitCodes.done;
    } finally {
      run.close();
    }
  },
};

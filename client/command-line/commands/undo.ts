import { exitCodes, wrong } from '../command-error.ts';
import { Progress } from '../output/progress.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, connect, parseArguments } from '../parse-arguments.ts';
import { Run } from '../runs/run.ts';
import { type Undone, undoRun } from '../runs/undo-run.ts';
import type { Command } from './command.ts';

const usage = `Usage: client-channels undo <run>
Puts back what an import or a sync changed within the last 90 days: deletes what it created, puts back what it updated, and
restores what it deleted. Channels that have changed since are skipped, and listed. A second time does nothing.

Examples:
  client-channels undo 20261128-101500-3fa2        # an import and a sync print this name at their end
  ls .client-channels                              # all runs

The address and the namespace are those of the run, unless they are given.
${commonUsage}`;

const describe = ({ _id, key, name, reason }: Undone): string =>
  `skipped  ${[_id, key, name && JSON.stringify(name)].filter(Boolean).join('  ')}  ${reason}\n`;

export const undoCommand: Command = {
  summary: 'puts back what an import or a sync changed',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, {}, ['run']);
    const run = Run.open(terminal.folder, operands[0] ?? '');
    const { record } = run;
    const target = {
      ...values,
      url: values.url ?? record.url,
      namespace: values.namespace ?? record.namespace,
    };
    const { connection, namespace } = await connect(target, terminal);
    if (namespace !== record.namespace)
      throw wrong(`The run was in the namespace ${record.namespace}, not ${namespace}.`);
    // A run that was stopped ends here: the same command would take what is undone now for done.
    if (record.finished_at === undefined) run.finish();
    const progress = new Progress(terminal);
    // The run may have used another key.
    const runConnection = { ...connection, keyId: record.key_id };
    const undone = await undoRun(runConnection, run, (done, total) => progress.show(done, total)).finally(
      () => progress.end(),
    );
    const skipped = undone.filter(({ result }) => result === 'skipped');
    const summary = { undone: undone.length - skipped.length, skipped: skipped.length };
    if (values.json) {
      for (const each of undone) await printJson(each, terminal);
      await printJson({ summary, run: record.id }, terminal);
    } else {
      for (const each of skipped) await terminal.write(describe(each));
      await terminal.write(`${summary.undone} channels are as before the run, ${summary.skipped} skipped\n`);
    }
    return skipped.length ? exitCodes.failed : exitCodes.done;
  },
};

import type { Channel, UpsertRow } from '../../types.ts';
import { defaultMatch } from '../../upsert.ts';
import { wrong, wrongLine } from '../command-error.ts';
import { connect } from '../connect.ts';
import { formats } from '../files/formats.ts';
import { keyOf } from '../files/key.ts';
import { mapLines } from '../files/map-lines.ts';
import { readRows } from '../files/read-rows.ts';
import type { FileRow } from '../files/rows-file.ts';
import { nameOfPath, parseWhere, type Where, withWhere } from '../metadata-path.ts';
import { changedFields } from '../output/describe-changes.ts';
import { Progress } from '../output/progress.ts';
import type { ReportedRow } from '../output/report.ts';
import { commonUsage, oneOf, parseArguments } from '../parse-arguments.ts';
import { applyRows } from '../runs/apply-rows.ts';
import { deleteChannels } from '../runs/delete-channels.ts';
import { doRun, type Work } from '../runs/do-run.ts';
import type { Planned } from '../runs/journal.ts';
import { preview } from '../runs/preview.ts';
import { checkDeletions, Selection } from '../runs/selection.ts';
import type { Command } from './command.ts';
import { fileUsage, matches, runOptions, runOptionsUsage, runUsage } from './run-options.ts';

const usage = `Usage: client-channels sync <file> --where <path>=<value> [--max-deletes 10%] [--dry-run] [--new]
Makes the channels that --where selects those of the file: creates and changes channels as an import, and deletes the selected
channels that the file does not have. It never touches a channel that --where does not select.

Examples:
  client-channels sync sap.csv --where integration_meta.source=sap --dry-run
  client-channels sync sap.csv --where integration_meta.source=sap
  client-channels sync sap.csv --where integration_meta.source=sap --max-deletes 500

${fileUsage}
A row without the value of --where gets it. A row with another value is an error.
${runUsage}
Correct failed rows in your own file, and run the sync again.

  --where <path>=<value>    selects channels by their metadata, for example integration_meta.source=sap
  --max-deletes <limit>     a number, or a share of the selected channels (default: 10%). Beyond it, nothing is done
${runOptionsUsage}
${commonUsage}`;

/** @returns how many of so many channels may be deleted */
const parseMaxDeletes = (text: string): ((selected: number) => number) => {
  const [, number, percent] = /^(?:(\d+)|(\d+(?:\.\d+)?)%)$/.exec(text) ?? [];
  if (Number(percent) <= 100) return (selected) => (selected * Number(percent)) / 100;
  if (number !== undefined) return () => Number(number);
  throw wrong(`--max-deletes is a whole number, or a share of at most 100% such as 10%, not "${text}".`);
};

/** @throws CommandError for a row that has no key, deletes, or has another value than `where` */
const toSelectedRow = ({ line, row }: FileRow, where: Where, match: string): FileRow => {
  if (keyOf(row, match) === undefined)
    throw wrongLine(line, `The row has no ${match}. Without it, sync can't tell which channel the row is.`);
  if (Object.hasOwn(row, 'delete'))
    throw wrongLine(
      line,
      'The row has the field "delete". Sync deletes the channels that the file does not have.',
    );
  const integration_meta = withWhere(row.integration_meta, where);
  if (integration_meta === undefined)
    throw wrongLine(line, `The row has another value at ${nameOfPath(where.path)} than --where.`);
  return { line, row: { ...row, integration_meta } as UpsertRow };
};

const toReportedDeletion = (
  { key, channel }: Planned & { channel: Channel },
  namespaces: string[],
): ReportedRow => {
  const { _id, __v, company_namespace } = channel;
  const head = { ...(key !== undefined && { key }), _id };
  if (!company_namespace.every((each) => namespaces.includes(each)))
    return {
      ...head,
      result: 'failed',
      code: 'forbidden',
      error: 'The key does not hold all the namespaces of this channel.',
    };
  return { ...head, result: 'deleted', __v: __v + 1, changes: changedFields(channel, undefined) };
};

export const syncCommand: Command = {
  summary: 'makes a part of the channels equal to a file, with deletions',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(
      args,
      {
        where: { type: 'string' },
        'max-deletes': { type: 'string', default: '10%' },
        ...runOptions,
      },
      ['file'],
    );
    const [name = ''] = operands;
    const { json } = values;
    const where = parseWhere(values.where);
    const maxDeletes = parseMaxDeletes(values['max-deletes']);
    const match = oneOf('match', matches, values.match) ?? defaultMatch;
    const format = oneOf('format', formats, values.format);
    const read = await readRows(name, { format, match, json }, terminal);
    const file = { ...read, rows: mapLines(read.rows, (row) => toSelectedRow(row, where, match)) };
    const selection = new Selection(file.rows, where, match);
    const options = { match, where: { [nameOfPath(where.path)]: where.value } };
    const { connection, url, namespace, namespaces } = await connect(values, terminal);
    const planDeletions = () => {
      const progress = new Progress(terminal);
      progress.wait('Reading the channels of the selection…');
      return selection.planDeletions(connection).finally(() => progress.end());
    };
    if (values['dry-run']) {
      const planned = await planDeletions();
      const deletions = planned.rows.map((each) => toReportedDeletion(each, namespaces));
      const exitCode = await preview(connection, file.rows, { ...options, json, deletions }, terminal);
      checkDeletions(planned, maxDeletes, 'So the sync would be refused.');
      return exitCode;
    }

    const plan: Work['plan'] = async () => {
      const deletions = await planDeletions();
      checkDeletions(deletions, maxDeletes);
      return { step: 'deletions', ...deletions };
    };
    const apply: Work['apply'] = async (journal, onProgress) => {
      // A run that goes on keeps its deletions: some may be done already. But its limit is the one of this command.
      if (journal.deletions) checkDeletions(journal.deletions, maxDeletes);
      await applyRows(connection, journal, file.rows, options, onProgress);
      await deleteChannels(connection, journal, selection.isToDelete, onProgress);
    };
    const { keyId: key_id } = connection;
    const identity = { command: 'sync', url, namespace, key_id, match, where: values.where } as const;
    return doRun({ connection, identity, name, file, plan, apply }, values, terminal);
  },
};

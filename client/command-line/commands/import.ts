import { defaultMatch } from '../../upsert.ts';
import { connect } from '../connect.ts';
import { formats } from '../files/formats.ts';
import { readRows } from '../files/read-rows.ts';
import { commonUsage, oneOf, parseArguments } from '../parse-arguments.ts';
import { applyRows } from '../runs/apply-rows.ts';
import { doRun, type Work } from '../runs/do-run.ts';
import { preview } from '../runs/preview.ts';
import type { Command } from './command.ts';
import { fileUsage, matches, runOptions, runOptionsUsage, runUsage } from './run-options.ts';

const usage = `Usage: client-channels import <file> [--match <path>] [--dry-run] [--new]
Creates and changes channels. Each row of the file is matched with the channel that has the same key.

Examples:
  client-channels import channels.csv --dry-run      # shows what would change, field by field
  client-channels import channels.csv
  cat channels.ndjson | client-channels import -     # reads standard input

${fileUsage}
${runUsage}
Correct failed rows in their file, and import this file.

${runOptionsUsage}
${commonUsage}`;

export const importCommand: Command = {
  summary: 'creates and changes channels from a file',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, runOptions, ['file']);
    const [name = ''] = operands;
    const { json } = values;
    const match = oneOf('match', matches, values.match) ?? defaultMatch;
    const format = oneOf('format', formats, values.format);
    const file = await readRows(name, { format, match, json }, terminal);
    const { connection, url, namespace } = await connect(values, terminal);
    if (values['dry-run']) return preview(connection, file.rows, { match, json }, terminal);

    const identity = { command: 'import', url, namespace, key_id: connection.keyId, match } as const;
    const apply: Work['apply'] = (journal, onProgress) =>
      applyRows(connection, journal, file.rows, { match }, onProgress);
    return doRun({ connection, identity, name, file, apply }, values, terminal);
  },
};

import { exitCodes } from '../command-error.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, connect, parseArguments } from '../parse-arguments.ts';
import type { Command } from './command.ts';

const usage = `Usage: client-channels restore <id>
Brings a deleted channel back as it was, within 90 days. A channel that is there stays unchanged.

Examples:
  client-channels restore 65f0a1b2c3d4e5f601234567

${commonUsage}`;

export const restoreCommand: Command = {
  summary: 'brings a deleted channel back',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, {}, ['id']);
    const { client } = connect(values, terminal);
    const channel = await client.restore(operands[0] ?? '', { signal: terminal.signal });
    if (values.json) await printJson(channel, terminal);
    else await terminal.write(`The channel ${channel._id} ${JSON.stringify(channel.name)} is there.\n`);
    return exitCodes.done;
  },
};

import { exitCodes } from '../command-error.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, connect, parseArguments } from '../parse-arguments.ts';
import { findChannel } from '../runs/own-version.ts';
import type { Command } from './command.ts';
import { explainUnknown, idUsage } from './unknown-channel.ts';

const usage = `Usage: client-channels restore <id>
Brings a deleted channel back as it was, within 90 days. A channel that is there stays unchanged.
${idUsage}

Examples:
  client-channels restore 65f0a1b2c3d4e5f601234567

${commonUsage}`;

export const restoreCommand: Command = {
  summary: 'brings a deleted channel back',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, {}, ['id']);
    const [id = ''] = operands;
    const { connection, namespace } = await connect(values, terminal);
    const wasThere = (await findChannel(connection, id)) !== undefined;
    const channel = await connection.client
      .restore(id, { signal: terminal.signal })
      .catch(explainUnknown(id, namespace));
    const state = wasThere ? 'was not deleted. It stays as it is.' : 'is back.';
    if (values.json) await printJson(channel, terminal);
    else await terminal.write(`The channel ${channel._id} ${JSON.stringify(channel.name)} ${state}\n`);
    return exitCodes.done;
  },
};

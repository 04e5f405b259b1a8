import { ChannelsError } from '../../channels-error.ts';
import { exitCodes } from '../command-error.ts';
import { connect } from '../connect.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, parseArguments } from '../parse-arguments.ts';
import { type Connection, findChannel } from '../runs/own-version.ts';
import type { Command } from './command.ts';
import { explainUnknown } from './unknown-channel.ts';

const usage = `Usage: client-channels restore <id>
Brings a deleted channel back as it was, within 90 days. A channel that is there stays unchanged.
A deleted channel is no longer in an export. Its _id is in an earlier export, or in the dry run of the undo of the run
that deleted it.

Examples:
  client-channels restore 65f0a1b2c3d4e5f601234567

${commonUsage}`;

/** @returns undefined if the key may not read channels. It may still restore them */
const isThere = async (connection: Connection, id: string): Promise<boolean | undefined> => {
  try {
    return (await findChannel(connection, id)) !== undefined;
  } catch (error) {
    if (error instanceof ChannelsError && error.status === 403) return undefined;
    throw error;
  }
};

const stateAfter = (wasThere: boolean | undefined): string => {
  if (wasThere === undefined) return 'is there.';
  return wasThere ? 'was not deleted. It stays as it is.' : 'is back.';
};

export const restoreCommand: Command = {
  summary: 'brings a deleted channel back',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, {}, ['id']);
    const [id = ''] = operands;
    const { connection, namespace } = await connect(values, terminal);
    const wasThere = await isThere(connection, id);
    const channel = await connection.client
      .restore(id, { signal: terminal.signal })
      .catch(explainUnknown(id, namespace, '90 days'));
    if (values.json) await printJson(channel, terminal);
    else
      await terminal.write(
        `The channel ${channel._id} ${JSON.stringify(channel.name)} ${stateAfter(wasThere)}\n`,
      );
    return exitCodes.done;
  },
};

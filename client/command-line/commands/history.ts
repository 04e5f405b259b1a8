import type { ChannelVersion } from '../../types.ts';
import { exitCodes } from '../command-error.ts';
import { connect } from '../connect.ts';
import { changedFields, describeChange } from '../output/describe-changes.ts';
import { printJson } from '../output/report.ts';
import { commonUsage, parseArguments } from '../parse-arguments.ts';
import type { Command } from './command.ts';
import { explainUnknown, idUsage } from './unknown-channel.ts';

const usage = `Usage: client-channels history <id>
Shows the versions of a channel, newest first, also of a deleted one. They are kept for a year.
${idUsage}

Examples:
  client-channels history 65f0a1b2c3d4e5f601234567
  client-channels history 65f0a1b2c3d4e5f601234567 --json

${commonUsage}`;

/** @param older the version before, if it is known */
const describeVersion = (version: ChannelVersion, older: ChannelVersion | undefined): string => {
  const { at, type, actor, channel } = version;
  const head = `version ${version.version}  ${at}  ${type} by ${actor}\n`;
  if (type !== 'updated' || !older?.channel) return head;
  const changes = changedFields(older.channel, channel ?? undefined);
  return head + changes.map((change) => `    ${describeChange(change)}\n`).join('');
};

export const historyCommand: Command = {
  summary: 'shows the versions of a channel',
  usage,
  async run(args, terminal) {
    const { values, operands } = parseArguments(args, {}, ['id']);
    const [id = ''] = operands;
    const { connection, namespace } = await connect(values, terminal);
    const print = async () => {
      let newer: ChannelVersion | undefined;
      for await (const version of connection.client.history(id, { signal: terminal.signal })) {
        if (values.json) await printJson(version, terminal);
        else if (newer) await terminal.write(describeVersion(newer, version));
        newer = version;
      }
      if (newer && !values.json) await terminal.write(describeVersion(newer, undefined));
    };
    await print().catch(explainUnknown(id, namespace, 'a year'));
    return exitCodes.done;
  },
};

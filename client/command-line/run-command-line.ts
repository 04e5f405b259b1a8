import { ChannelsError } from '../channels-error.ts';
import { CommandError, type ExitCode, exitCodes, wrong } from './command-error.ts';
import type { Command } from './commands/command.ts';
import { exportCommand } from './commands/export.ts';
import { historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { restoreCommand } from './commands/restore.ts';
import { syncCommand } from './commands/sync.ts';
import { undoCommand } from './commands/undo.ts';
import { reasonOf } from './files/file-error.ts';
import { sayMessage } from './output/report.ts';
import { commonUsage } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';

const commands: Record<string, Command> = {
  export: exportCommand,
  import: importCommand,
  sync: syncCommand,
  history: historyCommand,
  restore: restoreCommand,
  undo: undoCommand,
};

const usage = `Usage: client-channels <command> …
Works with the channels of a company through the Client Channels API.

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}\n`)
  .join('')}
"client-channels <command> --help" explains a command with examples. To begin:
  export CHANNELS_URL=https://example.com CHANNELS_KEY=<your API key>
  client-channels export --output channels.csv

Options of all commands:
${commonUsage}

The exit code is 0, 1 (rows failed, or the service refused something), 2 (the arguments or the file are wrong, and nothing was
written), 3 (interrupted, or the service can't be reached or is too busy, or the output can't be written: run the same command again)
or 4 (the API key was refused).`;

/** Files that a person names have errors of their own. So this is about the folder of the runs. */
const isFileError = (error: Error): error is NodeJS.ErrnoException => 'syscall' in error;

const exitCodeOf = (error: Error, signal: AbortSignal): ExitCode => {
  if (signal.aborted) return exitCodes.resumable;
  if (error instanceof CommandError) return error.exitCode;
  if (isFileError(error)) return exitCodes.resumable;
  if (error instanceof ChannelsError) {
    const { status } = error;
    if (status === 401 || status === 403) return exitCodes.keyRefused;
    if (status === 429 || status >= 500) return exitCodes.resumable;
    return status === 400 ? exitCodes.wrong : exitCodes.failed;
  }
  // The client and `fetch` keep the reason of a broken connection in the cause.
  return error.cause === undefined ? exitCodes.failed : exitCodes.resumable;
};

const explain = (error: Error, exitCode: ExitCode, { signal }: Terminal): string => {
  if (signal.aborted) return 'Interrupted. Run the same command again.';
  if (error instanceof ChannelsError && error.status === 401)
    return 'The service refused the API key. It is unknown, revoked or expired, or belongs to another environment. Check --key or CHANNELS_KEY, and --url.';
  if (isFileError(error))
    return `${error.path ?? 'A file of the run'} can't be written: ${reasonOf(error)}. Run the same command again.`;
  const isAdvised = error.message.includes('Run the same command again');
  const advice = exitCode === exitCodes.resumable && !isAdvised ? ' Then run the same command again.' : '';
  return error.message + advice;
};

/**
 * Runs one command.
 * @param args the arguments of the process
 * @returns the exit code
 */
export const runCommandLine = async (args: string[], terminal: Terminal): Promise<ExitCode> => {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (args.includes('--help')) {
      await terminal.write(`${command?.usage ?? usage}\n`);
      return exitCodes.done;
    }
    if (!name) {
      terminal.say(`${usage}\n`);
      return exitCodes.wrong;
    }
    if (!command) throw wrong(`There is no command ${name}. "client-channels --help" lists the commands.`);
    return await command.run(rest, terminal);
  } catch (error) {
    const exit_code = exitCodeOf(error as Error, terminal.signal);
    const json = args.includes('--json');
    sayMessage({ error: explain(error as Error, exit_code, terminal), exit_code }, { json }, terminal);
    return exit_code;
  }
};

import { type Environment, findEnvironment } from '../../infra/environments.ts';
import { tableNames } from '../../lib/manifest/tables.ts';
import { parseArguments } from '../arguments.ts';

const usage = `Usage: npm run -s restore-backup -- <environment> --at <time> [--from <table>]
Brings the channels of an environment back to how they were at a time (UTC, in seconds, as 2026-11-24T09:00:00Z).
It restores the channels table into a new table, creates a new projections table beside it, rebuilds everything that is
derived from the channels in these two, and then deploys functions and stream mappings that use them. Until then, the
service uses its present tables, and they stay. If the command fails or is ended, run it again with the same time: it
goes on with the tables that it has made. It can take hours.
The backup is one of the channels table in use. After an earlier restore, --from names the table that was in use at that time.`;

const timeFormat = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const parsePastTime = (text: string): Date => {
  const time = timeFormat.test(text) ? new Date(text) : new Date(Number.NaN);
  // Date takes 30 February for 2 March.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== text.replace('Z', '.000Z'))
    throw new Error(`--at is a time in UTC, as 2026-11-24T09:00:00Z, not "${text}".`);
  if (time.getTime() > Date.now()) throw new Error(`--at is in the past, not ${text}.`);
  return time;
};

/** Environments can share an account, so a table of another environment must not be taken by mistake. */
const parseSource = (text: string, { name }: Environment): string => {
  const { channels } = tableNames(name);
  if (text.replace(/-\d{8}T\d{6}Z$/, '') !== channels)
    throw new Error(`--from is ${channels}, or a table that was restored from it, not "${text}".`);
  return text;
};

export interface RestoreArguments {
  environment: Environment;
  at: Date;
  /** The name of the table to restore. Undefined for the channels table in use. */
  from: string | undefined;
}

/** @throws Error with one line or the usage, if the arguments are missing or invalid */
export const readArguments = (): RestoreArguments => {
  const { values, positionals } = parseArguments(usage, {
    allowPositionals: true,
    options: { at: { type: 'string' }, from: { type: 'string' } },
  });
  const [name, extra] = positionals;
  if (values.at === undefined || name === undefined || extra !== undefined) throw new Error(usage);
  const environment = findEnvironment(name);
  return {
    environment,
    at: parsePastTime(values.at),
    from: values.from === undefined ? undefined : parseSource(values.from, environment),
  };
};

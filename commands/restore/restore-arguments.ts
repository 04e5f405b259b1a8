import { type Environment, findEnvironment } from '../../infra/environments.ts';
import { parseArguments } from '../arguments.ts';

const usage = `Usage: npm run -s restore-backup -- <environment> --at <time>
Brings the channels of an environment back to how they were at a time (UTC, in seconds, as 2026-11-24T09:00:00Z).
It restores the channels table into a new table, creates a new projections table beside it, rebuilds everything that is
derived from the channels in these two, and then deploys functions and stream mappings that use them. Until then, the
service uses its present tables, and they stay. If the command fails or is ended, run it again with the same time: it
goes on with the tables that it has made. It can take hours.`;

const timeFormat = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const parsePastTime = (text: string): Date => {
  const time = timeFormat.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`--at is a time in UTC, as 2026-11-24T09:00:00Z, not "${text}".`);
  if (time > Date.now()) throw new Error(`--at is in the past, not ${text}.`);
  return new Date(time);
};

/** @throws Error with one line or the usage, if the arguments are missing or invalid */
export const readArguments = (): { environment: Environment; at: Date } => {
  const { values, positionals } = parseArguments(usage, {
    allowPositionals: true,
    options: { at: { type: 'string' } },
  });
  const [name, extra] = positionals;
  if (values.at === undefined || name === undefined || extra !== undefined) throw new Error(usage);
  return { environment: findEnvironment(name), at: parsePastTime(values.at) };
};

/** A process that tries to take many locks, and keeps them until its standard input ends. */
import { once } from 'node:events';
import { lockRun } from '../../../client/command-line/runs/lock-run.ts';

const files = process.argv.slice(2);
const takes = (file: string): boolean => {
  try {
    lockRun(file);
    return true;
  } catch {
    return false;
  }
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdout.write(`${JSON.stringify(files.filter(takes))}\n`);
await once(process.stdin, 'end');

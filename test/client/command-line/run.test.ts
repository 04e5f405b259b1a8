import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Run, type RunSource } from '../../../client/command-line/runs/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const identity = {
  command: 'import',
  url: 'http://localhost:3030',
  namespace: 'company1',
  key_id: 'key',
  match: 'integration_meta.external_id',
} as const;
const source = { identity, file: 'x.csv', content: Buffer.from('a'), rows: 1 };
const runs = () => readdirSync(join(folder, '.client-channels'));

/** The run that a command has, as if the command were killed then. */
const begin = async (of: RunSource, options = {}) => {
  const run = await Run.begin(folder, of, options);
  run.close();
  return run;
};

test('a stopped run goes on until it is finished, for the same command, options, key and content', async () => {
  const { record } = await begin(source);
  const again = await begin({ ...source, file: 'renamed.csv' });
  expect([again.record, again.goesOn]).toEqual([record, true]);
  const others: RunSource[] = [
    { ...source, content: Buffer.from('b') },
    ...[{ command: 'sync' }, { namespace: 'x' }, { key_id: 'x' }, { url: 'x' }, { where: 'x' }].map(
      (other) => ({ ...source, identity: { ...identity, ...other } as RunSource['identity'] }),
    ),
  ];
  for (const other of others) {
    const run = await begin(other);
    expect([run.goesOn, run.record.id === record.id]).toEqual([false, false]);
  }

  const finished = (await begin(source)).finish();

  expect((await begin(source)).goesOn).toBe(false);
  const opened = Run.open(folder, record.id);
  expect(opened.record).toEqual(finished.record);
});

test('a new run can begin instead of a stopped one, which is then never found again, and can still be opened', async () => {
  const stopped = await begin(source, {
    plan: async () => ({ step: 'before', rows: [{ index: 0, result: 'created', key: 'a' }] }),
  });

  const begun = await begin(source, { isNew: true });

  expect([begun.goesOn, begun.journal.planned.size]).toEqual([false, 0]);
  expect((await begin(source)).record).toEqual(begun.record);
  begun.finish();
  expect((await begin(source)).goesOn).toBe(false);
  expect([...Run.open(folder, stopped.record.id).journal.planned.keys()]).toEqual([0]);
});

test('a plan that is refused leaves no run, and a stopped run as it is', async () => {
  const plan = () => Promise.reject(new Error('Too many.'));
  await expect(Run.begin(folder, source, { plan })).rejects.toThrow('Too many.');
  expect(runs()).toEqual([]);
  const stopped = await begin(source);

  await expect(Run.begin(folder, source, { isNew: true, plan })).rejects.toThrow('Too many.');

  expect((await begin(source)).record).toEqual(stopped.record);
});

test('the names of runs have the order in which the runs began, and none is used twice', async () => {
  const names: string[] = [];
  for (let n = 0; n < 50; n++) names.push((await begin(source, { isNew: true })).record.id);

  expect(names[0]).toMatch(/^\d{8}-\d{9}-[0-9a-f]{4}$/);
  const times = names.map((name) => name.slice(0, 18));
  expect(times).toEqual(times.toSorted());
  expect(new Set(names).size).toBe(50);
});

test.each(['none', '..', '../x'])('a run that is not there can not be opened: %s', (id) => {
  expect(() => Run.open(folder, id)).toThrow(`There is no run ${id} in`);
});

test('only one process at a time works on a run, also before the run has begun, and the lock of a killed process does not count', async () => {
  const { record, journal } = await Run.begin(folder, source);
  const [lock = ''] = runs().filter((name) => name.startsWith('.lock'));
  const isHeldBy = (pid: number) =>
    writeFileSync(join(folder, '.client-channels', lock), `${pid} ${hostname()}`);
  const message = `The process ${process.ppid} works on this run`;
  isHeldBy(process.ppid);
  await expect(Run.begin(folder, source)).rejects.toThrow(message);
  expect(() => Run.open(folder, record.id)).toThrow(message);
  rmSync(join(folder, '.client-channels', record.id), { recursive: true });
  journal.close();
  await expect(Run.begin(folder, source)).rejects.toThrow(message);
  expect(runs()).toEqual([lock]);

  isHeldBy(spawnSync(process.execPath, ['--version']).pid);

  const run = await Run.begin(folder, source);
  expect(runs()).toEqual([lock, run.record.id]);
  run.close();
  expect(runs()).toEqual([run.record.id]);
});

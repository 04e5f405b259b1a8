import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Journal, type Outcome } from '../../../client/command-line/runs/journal.ts';
import { Run } from '../../../client/command-line/runs/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'journal.ndjson');
const outcome = (index: number): Outcome => ({
  index,
  result: 'created',
  _id: `id-${index}`,
  __v: 0,
  at: 'now',
});
const stateOf = ({ planned, outcomes, deletions, summary }: Journal) => ({
  planned,
  outcomes,
  deletions,
  summary,
});

test('a journal that is opened again has all its steps', () => {
  const journal = new Journal(file());
  journal.append({ step: 'deletions', selected: 9, rows: [{ index: 2, result: 'deleted', key: 'c' }] });
  journal.append({ step: 'before', rows: [{ index: 0, result: 'created', key: 'a' }] });
  journal.append({
    step: 'after',
    rows: [outcome(0), { index: 1, result: 'failed', error: 'é\n', at: 'now' }],
  });

  const opened = new Journal(file());

  expect(stateOf(opened)).toEqual(stateOf(journal));
  expect(opened.summary).toEqual({ created: 1, updated: 0, unchanged: 0, deleted: 0, failed: 1 });
});

test('a last line that a kill has torn is left out, and the next step stands on a line of its own', () => {
  new Journal(file()).append({ step: 'after', rows: [outcome(0)] });
  const whole = readFileSync(file(), 'utf8');
  appendFileSync(file(), '{"step":"after","rows":[{"index":1,"result":"cre');

  new Journal(file()).append({ step: 'after', rows: [outcome(2)] });

  expect(readFileSync(file(), 'utf8')).toBe(
    `${whole}${JSON.stringify({ step: 'after', rows: [outcome(2)] })}\n`,
  );
  expect([...new Journal(file()).outcomes.keys()]).toEqual([0, 2]);
});

const identity = {
  command: 'import',
  url: 'http://localhost:3030',
  namespace: 'company1',
  key_id: 'key',
  match: 'integration_meta.external_id',
} as const;
const source = { identity, file: 'x.csv', content: Buffer.from('a'), rows: 1 };

test('a run is found again until it is finished, by the command, its options, the key and the content', () => {
  const run = Run.start(folder, source);
  expect(Run.findUnfinished(folder, { ...source, file: 'renamed.csv' })?.record).toEqual(run.record);
  expect(Run.findUnfinished(folder, { ...source, content: Buffer.from('b') })).toBe(undefined);
  for (const other of [
    { command: 'sync' },
    { namespace: 'x' },
    { key_id: 'x' },
    { url: 'x' },
    { where: 'x' },
  ] as object[])
    expect(Run.findUnfinished(folder, { ...source, identity: { ...identity, ...other } })).toBe(undefined);

  run.finish();

  expect(Run.findUnfinished(folder, source)).toBe(undefined);
  expect(Run.open(folder, run.record.id).record).toEqual(run.record);
});

test.each(['none', '..', '../x'])('a run that is not there can not be opened: %s', (id) => {
  expect(() => Run.open(folder, id)).toThrow(`There is no run ${id} in`);
});

test('only one process at a time works on a run, and the lock of a killed process does not count', () => {
  const { folder: runFolder, record } = Run.start(folder, source);
  const lock = join(runFolder, 'lock');

  writeFileSync(lock, String(process.ppid));
  expect(() => Run.findUnfinished(folder, source)).toThrow(`The process ${process.ppid} works on this run`);
  expect(() => Run.open(folder, record.id)).toThrow(`The process ${process.ppid} works on this run`);

  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(lock, String(pid));
  expect(Run.findUnfinished(folder, source)?.record).toEqual(record);
});

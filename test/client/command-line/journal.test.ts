import { constants } from 'node:buffer';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Journal, type Outcome } from '../../../client/command-line/runs/journal.ts';

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

test('steps of a row that failed for a moment only are not written down, because it may have been done', () => {
  const journal = new Journal(file());
  const failed = (index: number, code: string) => ({ index, result: 'failed' as const, code, at: 'now' });
  const rows = ['conflict', 'invalid_request', 'too_many_requests', 'unavailable'];

  journal.record(rows.map((code, index) => failed(index, code)));

  expect([...journal.open.keys()]).toEqual([0, 2, 3]);
  expect(journal.summary.failed).toBe(4);
  expect([...new Journal(file()).outcomes.keys()]).toEqual([1]);
});

test('a journal that is larger than the longest string can be opened, also with a torn end', () => {
  const line = Buffer.alloc(1024 * 1024 + 5, ' ');
  line.write('{"step":"after","rows":[]}');
  line.write('\n', line.length - 1);
  const lines = Math.ceil(constants.MAX_STRING_LENGTH / line.length);
  const descriptor = openSync(file(), 'w');
  for (let n = 0; n < lines; n++) writeSync(descriptor, line);
  writeSync(descriptor, `${JSON.stringify({ step: 'after', rows: [outcome(0)] })}\n`);
  closeSync(descriptor);
  const { size } = statSync(file());
  appendFileSync(file(), '{"step":');

  const opened = new Journal(file());

  expect([...opened.outcomes.values()]).toEqual([outcome(0)]);
  expect(statSync(file()).size).toBe(size);
});

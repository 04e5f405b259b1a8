/**
 * Commands that are killed with SIGKILL at random moments and run again, while another writer changes the same channels.
 * `COMMAND_LINE_KILLS=50 npm test -- test/client/command-line/killed` kills 50 imports, 50 syncs, and the undo of each run, and prints
 * where. With COMMAND_LINE_SEED, the other writer makes the same choices again.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ChannelsClient, type UpsertRow } from '../../../client/index.ts';
import { randomFrom } from '../../support/random.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine, type RunningCommand, startCommand } from './child-process.ts';
import { ageRequests, collect, ndjson } from './companies.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';
import { parseLines } from './in-process.ts';
import { isChange, problemsOfRun, problemsOfUndo, type Reported } from './run-oracle.ts';
import { type Version, versionsUntilNow } from './versions.ts';

const service = useService({ consumers: ['publish-events'] });
/** How many kills there are of an import, and of a sync. Each run is killed up to twice, and its undo once: some end before. */
const kills = Number(process.env.COMMAND_LINE_KILLS ?? 10);
const killsOfRun = 2;
/** How many scenarios go on at a time. They mostly wait. */
const concurrency = 3;
const timeoutMs = 300_000 + kills * 30_000;
const seed = Number(process.env.COMMAND_LINE_SEED ?? Date.now() % 1_000_000);

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'killed-runs-'));
  program = await compileCommandLine(folder);
});
const forwarders: Forwarder[] = [];
afterAll(() => {
  for (const forwarder of forwarders) forwarder.close();
  rmSync(folder, { recursive: true });
});

type Command = 'import' | 'sync';

const row = (external_id: string, name: string, source = 'sap'): UpsertRow => ({
  name,
  integration_meta: { external_id, source },
});
const numbered = (from: number, to: number, name: string, source?: string) =>
  Array.from({ length: to - from }, (_, n) => row(`k-${from + n}`, `${name} ${from + n}`, source));

/** 8 channels of SAP that are in no row, 30 that are, and 4 of another source. */
const seeds = [...numbered(0, 38, 'Old'), ...numbered(38, 42, 'Old', 'crm')];
const maxDeletes = 8;
const invalid = Array.from({ length: 70 }, (_, n) => row(`invalid-${n}`, n % 2 ? ' ' : 'x'.repeat(257)));
/** Two batches: 20 rows that change channels, 10 that leave them, 20 that create channels, and 70 that fail, which cost little. */
const rows = randomFrom(1).shuffle([
  ...numbered(8, 28, 'New'),
  ...numbered(28, 38, 'Old'),
  ...numbered(42, 62, 'New'),
  ...invalid,
]);

/** The runs of a folder. A folder without a record is no run. */
const runsIn = (path: string): string[] => {
  const runs = join(path, '.client-channels');
  return existsSync(runs) ? readdirSync(runs).filter((id) => existsSync(join(runs, id, 'run.json'))) : [];
};
const runFile = (path: string, name: string): string => {
  const [run = ''] = runsIn(path);
  return readFileSync(join(path, '.client-channels', run, name), 'utf8');
};
const isFinished = (path: string) =>
  runsIn(path).length > 0 && runFile(path, 'run.json').includes('"finished_at"');

/** Two connectors of a namespace: one that runs commands in a folder of its own, and another one. */
const newScenario = async (command: Command, name: string) => {
  const [key, otherKey] = await Promise.all([1, 2].map(() => service.newKey({ namespaces: [name] })));
  const [client, other] = [key, otherKey].map(
    (each) => new ChannelsClient({ url: service.url, key: each as string }),
  ) as [ChannelsClient, ChannelsClient];
  for await (const _ of other.upsertAll(seeds));
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'rows.ndjson'), ndjson(rows));
  const where = ['--where', 'integration_meta.source=sap', '--max-deletes', String(maxDeletes)];
  const forwarder = await startForwarder(service.url);
  forwarders.push(forwarder);
  const start = (...args: string[]) =>
    startCommand(program, args, { folder: path, key: key as string, url: forwarder.url });
  return {
    client,
    other,
    path,
    idle: forwarder.idle,
    startRun: () => start(command, 'rows.ndjson', '--json', ...(command === 'sync' ? where : [])),
    startUndo: (run: string) => start('undo', run, '--json'),
    versions: (written?: Reported[]) => versionsUntilNow(service, name, other, written),
  };
};

/** Changes, deletes and creates channels of the keys of the file and of others, and moves them into the selection and out of it. */
const otherWriter = (client: ChannelsClient, seedOfWriter: number) => {
  const random = randomFrom(seedOfWriter);
  let written = 0;
  const change = async () => {
    const key = `k-${random.below(62)}`;
    const integration_meta = {
      external_id: key,
      ...(random.below(2) && { source: random.pick(['sap', 'crm']) }),
    };
    await client.upsert([
      random.below(4)
        ? { name: `Theirs ${++written}`, integration_meta }
        : { delete: true, integration_meta: { external_id: key } },
    ]);
  };
  return {
    some: async () => {
      for (let n = random.below(8); n >= 0; n--) await change();
    },
    until: async (ended: Promise<unknown>) => {
      let isOver = false;
      ended.then(() => {
        isOver = true;
      });
      while (!isOver) {
        await change();
        await pause(random.below(60));
      }
    },
  };
};

/** Kills a command at a random moment in a span of time, unless it ends before. In milliseconds. */
const killSomewhere = async ({ child, ended }: RunningCommand, [from, to]: [number, number]) => {
  await pause(from + Math.random() * (to - from));
  child.kill('SIGKILL');
  return ended;
};

/** Waits until something is there, or a command has ended. @returns how long that took, in milliseconds */
const until = async (isThere: () => boolean, { ended }: RunningCommand) => {
  const startedAt = performance.now();
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver && !isThere()) await pause(5);
  return performance.now() - startedAt;
};
const untilItHasBegun = (path: string, running: RunningCommand) =>
  until(() => runsIn(path).length > 0, running);

/** An import has 8 steps in two batches. */
const stepsOfRun = 8;
const stepsIn = (path: string) => runFile(path, 'journal.ndjson').split('\n').length - 1;

/** Kills a run at a random moment after a random step, unless it ends before. In milliseconds. */
const killAfterSomeStep = async (
  path: string,
  running: RunningCommand,
  { startMs, waitMs }: { startMs: number; waitMs: number },
) => {
  const step = Math.floor(Math.random() * stepsOfRun);
  await pause(waitMs);
  await until(() => stepsIn(path) >= step, running);
  return killSomewhere(running, [0, startMs]);
};

test('Ctrl-C stops an import with exit code 3, and the same command goes on with it', async () => {
  const { path, idle, startRun } = await newScenario('import', 'ctrl-c');
  const running = startRun();
  await untilItHasBegun(path, running);

  running.child.kill('SIGINT');

  expect(await running.ended).toEqual({
    code: 3,
    out: '',
    err: '{"error":"Interrupted. Run the same command again.","exit_code":3}\n',
  });
  await idle();
  ageRequests(path);
  expect(parseLines((await startRun().ended).out).at(-1)).toMatchObject({
    summary: { created: 20, updated: 20, unchanged: 10, deleted: 0, failed: 70 },
  });
});

/** Without a last line that the kill has torn. */
const wholeLines = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1);

/** The keys of the rows that were planned and have no outcome. */
const unansweredKeys = (journal: { step: string; rows: { index: number; key: string }[] }[]): string[] => {
  const answered = new Set(
    journal
      .filter(({ step }) => step === 'after')
      .flatMap(({ rows: some }) => some.map(({ index }) => index)),
  );
  const planned = journal.filter(({ step }) => step === 'before').flatMap(({ rows: some }) => some);
  return planned.filter(({ index }) => !answered.has(index)).map(({ key }) => key);
};

/** A run that goes on may say so. */
const goesOn = expect.stringMatching(/^(\{"warning":"Goes on with the run .*"\}\n)?$/);

/** Kills a run twice, and its undo once, and checks what they have done and what they say. @returns the number of kills, and the lines of the journal at each */
const killAndCheck = async (command: Command, n: number) => {
  const scenario = await newScenario(command, `${command}-${n}`);
  const { client, other, path, idle, startRun, startUndo, versions } = scenario;
  const actor = (await client.me()).key_id;
  const writer = otherWriter(other, seed + n);
  const before = await collect(client.all());
  const seeded = await versions();
  const steps: number[] = [];
  const unanswered = new Set<string>();
  let undoKills = 0;

  let running = startRun();
  const startMs = await untilItHasBegun(path, running);
  let ended = killAfterSomeStep(path, running, { startMs, waitMs: 0 });
  for (let kill = 1; ; kill++) {
    await writer.until(ended);
    if (isFinished(path)) break;
    expect((await ended).code).toBe(null);
    const journal = parseLines(wholeLines(runFile(path, 'journal.ndjson')));
    steps.push(journal.length);
    for (const key of unansweredKeys(journal)) unanswered.add(key);
    await writer.some();
    // A request that is still under way could write its rows after the next run has looked for them.
    await idle();
    ageRequests(path);
    running = startRun();
    ended =
      kill < killsOfRun
        ? killAfterSomeStep(path, running, { startMs, waitMs: startMs * 0.8 })
        : running.ended;
  }
  const last = await ended;

  const lines = parseLines(last.out);
  const { summary, run, failed_rows } = lines.pop();
  const afterRun = await versions(lines.filter(isChange));
  const runVersions = afterRun.slice(seeded.length);
  const source = command === 'sync' ? { source: 'sap' } : {};
  const problems = problemsOfRun({
    rows,
    invalid,
    ...source,
    reported: lines,
    before,
    versions: runVersions,
    actor,
    unanswered,
  });
  expect({ problems, err: last.err }).toEqual({ problems: [], err: goesOn });
  const deletions = runVersions.filter(({ actor: each, after }) => each === actor && !after);
  expect(deletions.length).toBeLessThanOrEqual(maxDeletes);
  const count = (result: string) => lines.filter((line) => line.result === result).length;
  for (const result of Object.keys(summary))
    expect([result, summary[result]]).toEqual([result, count(result)]);
  const failed = lines.filter(({ result }) => result === 'failed');
  expect(readFileSync(join(path, failed_rows), 'utf8')).toBe(
    ndjson(failed.map(({ line, error }) => ({ ...rows[line - 1], error }))),
  );
  const keys = (await collect(client.all())).map(({ integration_meta }) => integration_meta?.external_id);
  expect(keys.length).toBe(new Set(keys).size);
  expect(runsIn(path)).toEqual([run]);

  await writer.some();
  const undo = startUndo(run);
  const killed = killSomewhere(undo, [startMs * 0.8, startMs * 2.5]);
  await writer.until(killed);
  if ((await killed).code === null) undoKills++;
  await writer.some();
  const undone = startUndo(run).ended;
  await writer.until(undone);
  const { out, err } = await undone;

  const reported = parseLines(out);
  const { summary: undoSummary } = reported.pop();
  const isReported = ({ _id, version }: Version) =>
    lines.some((line) => line._id === _id && line.__v === version && line.result !== 'unchanged');
  const changes = runVersions.filter((version) => version.actor === actor && isReported(version));
  const laterVersions = (await versions()).slice(afterRun.length);
  expect({ problems: problemsOfUndo({ changes, reported, runVersions, laterVersions, actor }), err }).toEqual(
    {
      problems: [],
      err: '',
    },
  );
  const skipped = reported.filter(({ result }) => result === 'skipped');
  expect(skipped.every(({ reason }) => reason)).toBe(true);
  expect(undoSummary.skipped).toBe(skipped.length);
  return { steps, undoKills };
};

test.each(['import', 'sync'] as const)(
  `the command %s and its undo, killed at random moments and started again while another writer changes the same channels, do each row once, leave what others did, and say what became of each row (seed ${seed})`,
  async (command) => {
    /** The lines of the journal at each kill. */
    const steps: number[] = [];
    let undoKills = 0;
    let scenarios = 0;
    let hasFailed = false;
    /** Kills that are done or planned. */
    let planned = 0;
    const killUntilEnough = async () => {
      while (!hasFailed && planned < kills) {
        planned += killsOfRun;
        const killed = await killAndCheck(command, scenarios++).catch((error: unknown) => {
          hasFailed = true;
          throw error;
        });
        planned += killed.steps.length - killsOfRun;
        steps.push(...killed.steps);
        undoKills += killed.undoKills;
      }
    };
    // The service stops after the test, so all scenarios must end before.
    const ends = await Promise.allSettled(Array.from({ length: concurrency }, killUntilEnough));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    if (process.env.COMMAND_LINE_KILLS)
      console.info(`${command}: ${scenarios} runs, killed at ${steps}; ${undoKills} of their undos killed`);
    // Each kill is at a random step, and a single undo may end before its kill.
    expect(new Set(steps).size).toBeGreaterThan(1);
    expect(undoKills).toBeGreaterThan(0);
  },
  timeoutMs,
);

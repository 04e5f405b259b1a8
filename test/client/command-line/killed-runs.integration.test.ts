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
import { type Channel, ChannelsClient, type UpsertRow } from '../../../client/index.ts';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine, type RunningCommand, startCommand } from './child-process.ts';

const service = useService({ consumers: ['publish-events'] });
/** How many kills there are of an import, and of a sync. Each run is killed up to twice: some end before. */
const kills = Number(process.env.COMMAND_LINE_KILLS ?? 10);
const killsOfRun = 2;
const timeoutMs = 300_000 + kills * 30_000;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'killed-runs-'));
  program = await compileCommandLine(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const row = (external_id: string, name: string): UpsertRow => ({
  name,
  integration_meta: { external_id, source: 'sap' },
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const numbered = (from: number, to: number, name: string) =>
  range(from, to).map((n) => row(`k-${n}`, `${name} ${n}`));

/** A namespace with 100 channels of SAP, and one of another source. */
const newScenario = async (name: string) => {
  const key = await service.newKey({ namespaces: [name] });
  const client = new ChannelsClient({ url: service.url, key });
  const path = join(folder, name);
  const other = { name: 'Other', integration_meta: { external_id: 'other', source: 'crm' } };
  for await (const _ of client.upsertAll([...numbered(0, 100, 'Old'), other]));
  return { key, client, path };
};
/** 60 rows that change channels, 30 that leave them, 60 that create channels. 10 channels are in no row. */
const rows = [...numbered(10, 70, 'New'), ...numbered(70, 100, 'Old'), ...numbered(100, 160, 'New')];
const left = { import: numbered(0, 10, 'Old'), sync: [] };
const expectedChannels = (command: 'import' | 'sync') =>
  [...left[command], ...rows, { name: 'Other', integration_meta: { external_id: 'other', source: 'crm' } }]
    .map(({ name, integration_meta }) => [integration_meta.external_id, name])
    .sort();
const summaries = {
  import: '60 created, 60 updated, 30 unchanged, 0 deleted, 0 failed',
  sync: '60 created, 60 updated, 30 unchanged, 10 deleted, 0 failed',
};

const runFile = (path: string, name: string): string | undefined => {
  const runs = join(path, '.client-channels');
  const [run] = existsSync(runs) ? readdirSync(runs) : [];
  const file = join(runs, run ?? '', name);
  return run !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const hasBegun = (path: string) => runFile(path, 'run.json') !== undefined;
const isFinished = (path: string) => runFile(path, 'run.json')?.includes('"finished_at"') ?? false;

/** Waits until there is a run, and then for a random time. */
const killSomewhere = async ({ child, ended }: RunningCommand, path: string, workMs: number) => {
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!hasBegun(path) && !isOver) await pause(5);
  await pause(Math.random() * workMs);
  child.kill('SIGKILL');
  return ended;
};

test('Ctrl-C stops an import with exit code 3, and the same command goes on with it', async () => {
  const { key, path } = await newScenario('ctrl-c');
  mkdirSync(path);
  writeFileSync(join(path, 'rows.ndjson'), rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const start = () =>
    startCommand(program, ['import', 'rows.ndjson'], { folder: path, key, url: service.url });
  const running = start();
  while (!hasBegun(path)) await pause(5);

  running.child.kill('SIGINT');

  expect(await running.ended).toEqual({
    code: 3,
    out: '',
    err: 'Interrupted. Run the same command again.\n',
  });
  expect((await start().ended).out.split('\n')[0]).toBe(summaries.import);
});

test.each(['import', 'sync'] as const)(
  'the command %s that is killed at random moments and started again leaves nothing out and nothing twice, and counts right',
  async (command) => {
    const args = [
      command,
      'rows.ndjson',
      ...(command === 'sync' ? ['--where', 'integration_meta.source=sap'] : []),
    ];
    const prepare = async (name: string) => {
      const scenario = await newScenario(name);
      const { path } = scenario;
      mkdirSync(path);
      writeFileSync(join(path, 'rows.ndjson'), rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
      const start = () => startCommand(program, args, { folder: path, key: scenario.key, url: service.url });
      return { ...scenario, start };
    };
    const measured = await prepare(`${command}-measured`);
    const running = measured.start();
    while (!hasBegun(measured.path)) await pause(5);
    const startedAt = performance.now();
    expect(await running.ended).toMatchObject({ code: 0, err: '' });
    // Not all of the work: many runs would then end before their kill.
    const workMs = (performance.now() - startedAt) * 0.8;

    /** The lines of the journal at each kill. */
    const steps: number[] = [];
    for (let scenario = 0; steps.length < kills; scenario++) {
      const { client, path, start } = await prepare(`${command}-${scenario}`);
      let last = await killSomewhere(start(), path, workMs);
      for (let kill = 1; kill < killsOfRun && !isFinished(path); kill++) {
        steps.push(runFile(path, 'journal.ndjson')?.split('\n').length ?? 0);
        last = await killSomewhere(start(), path, workMs);
      }
      if (!isFinished(path)) {
        steps.push(runFile(path, 'journal.ndjson')?.split('\n').length ?? 0);
        last = await start().ended;
      }

      expect({ out: last.out.split('\n')[0], err: last.err }).toEqual({ out: summaries[command], err: '' });
      const stored: Channel[] = [];
      for await (const channel of client.all()) stored.push(channel);
      expect(
        stored.map(({ name, integration_meta }) => [integration_meta?.external_id, name]).sort(),
      ).toEqual(expectedChannels(command));
      expect(readdirSync(join(path, '.client-channels'))).toHaveLength(1);
    }
    if (process.env.COMMAND_LINE_KILLS)
      console.info(`${command}: ${Math.round(workMs)} ms, killed at ${steps}`);
    // A machine that stops for a moment may let some runs finish before their kill.
    expect(steps.length).toBeGreaterThan(0);
  },
  timeoutMs,
);

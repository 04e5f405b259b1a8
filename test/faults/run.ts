/** Causes every fault of the fault table, and prints what must happen and what happened. */
import { parseArguments } from '../../commands/arguments.ts';
import { runCommand } from '../../commands/run-command.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { startService } from '../support/service.ts';
import { startSharedDynamoDb } from '../support/shared-dynamodb.ts';
import type { FaultRow } from './fault-row.ts';
import { histories } from './rows/histories.ts';
import { faultRows } from './rows/index.ts';

const usage = `Usage: npm run test:faults -- [--operations <number>] [--seed <number>] [--row <text>]
Causes every fault that docs/guarantees.md names, and prints what must happen and what happened. The exit code is 1 if a
promise does not hold, or if a run could not show it.
--operations sets the length of the histories and of the upserts (2000 by default), --seed repeats a run, and --row runs only the rows whose
fault contains the text.`;

/** The other rows need no longer runs than this to show their figures. */
const maxCases = 1_000;

const readArguments = () => {
  const { values } = parseArguments(usage, {
    options: {
      operations: { type: 'string', default: '2000' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      row: { type: 'string', default: '' },
    },
  });
  const [operations, seed] = [Number(values.operations), Number(values.seed)];
  if (!(Number.isInteger(operations) && operations > 0 && Number.isInteger(seed)))
    throw new Error('--operations and --seed must be whole numbers, and --operations at least 1.');
  const rows = [histories, ...faultRows];
  const selected = rows.filter(({ fault }) => fault.includes(values.row));
  if (!selected.length)
    throw new Error(
      `No fault contains "${values.row}". The faults are:\n${rows.map(({ fault }) => `- ${fault}`).join('\n')}`,
    );
  return { operations, seed, rows: selected };
};

const verdictOf = (holds: boolean | undefined): string => {
  if (holds === undefined) return 'not shown';
  return holds ? 'yes' : 'NO';
};

const runRows = async (rows: FaultRow[], operations: number, seed: number): Promise<void> => {
  // The functions log to the same streams. Their lines would bury the table.
  const print = process.stdout.write.bind(process.stdout);
  const complain = process.stderr.write.bind(process.stderr);
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  const proxy = createFaultProxy();
  const dynamoDb = await startSharedDynamoDb();
  const service = await startService({ proxy });
  try {
    print(
      `seed: ${seed}\n\n| fault | what must happen | figure | holds | seconds |\n| --- | --- | --- | --- | --- |\n`,
    );
    for (const row of rows) {
      const startedAt = performance.now();
      proxy.fault = () => 'none';
      const count = row.isWorthALongRun ? operations : Math.min(operations, maxCases);
      const { text, holds, details = [] } = await row.run({ service, proxy, seed, count });
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      print(`| ${row.fault} | ${row.promise} | ${text} | ${verdictOf(holds)} | ${seconds} |\n`);
      if (holds) continue;
      process.exitCode = 1;
      for (const line of details) complain(`${line}\n`);
    }
  } catch (error) {
    complain(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  } finally {
    await service.stop();
    await dynamoDb.stop();
  }
};

await runCommand(async () => {
  const { rows, operations, seed } = readArguments();
  await runRows(rows, operations, seed);
});

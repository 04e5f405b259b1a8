import type { FaultRow } from '../fault-row.ts';
import { type HistoryResult, runHistories } from '../histories.ts';
import type { Fault } from '../judge.ts';

/** Longer histories need more memory, and say nothing more. */
const maxCount = 10_000;

/** Splits a long run into runs with seeds of their own. */
const runAll = async (run: Parameters<FaultRow['run']>[0]): Promise<HistoryResult[]> => {
  const results: HistoryResult[] = [];
  for (let done = 0; done < run.count; done += maxCount)
    results.push(
      await runHistories({
        ...run,
        seed: run.seed + results.length,
        count: Math.min(maxCount, run.count - done),
      }),
    );
  return results;
};

const names: Record<Fault, string> = {
  lost: 'lost',
  twice: 'done twice',
  foreign: 'foreign results',
  denied: 'writes denied',
  unchecked: 'histories too long to check',
};

/** What is wrong, line by line: each history with its operations in the order of their starts, and its versions. */
const describe = ({ unexpected, contradictions, evidence }: HistoryResult): string[] => [
  ...unexpected,
  ...contradictions,
  ...evidence.flatMap(({ fault, history, versions }) => [
    `${names[fault]}: ${history.id} (${history.word})`,
    ...history.operations.map(
      ({ start, end, namespace, action, outcome }) =>
        `  ${start}-${end} ${namespace} ${JSON.stringify(action)} ${JSON.stringify(outcome)}`,
    ),
    ...[...(versions?.documents ?? [])].map(
      ([version, document]) => `  event ${version}: ${JSON.stringify(document)}`,
    ),
  ]),
];

export const histories: FaultRow = {
  fault: 'all of these at once, 8 clients write to the same channels, and clocks differ',
  promise: 'every answer fits an order of the operations (linearizability for each channel)',
  isWorthALongRun: true,
  run: async (run) => {
    const results = await runAll(run);
    const sum = (numberOf: (result: HistoryResult) => number) =>
      results.reduce((total, result) => total + numberOf(result), 0);
    const wrong = (Object.keys(names) as Fault[]).map(
      (fault) =>
        [
          names[fault],
          sum(({ evidence }) => evidence.filter((each) => each.fault === fault).length),
        ] as const,
    );
    const unexpected = sum(({ unexpected }) => unexpected.length);
    const contradictions = sum((result) => result.contradictions.length);
    const counts = [
      ...wrong,
      ['answers of 500', unexpected],
      ['differences in totals, copies, searches and events', contradictions],
    ] as const;
    return {
      text:
        `${counts.map(([name, count]) => `${count} ${name}`).join(', ')}; in ${sum(({ requests }) => requests)} operations on ` +
        `${sum(({ channels }) => channels)} channels, with ${sum(({ faults }) => faults)} failed tries and ` +
        `${sum(({ statuses }) => statuses[503] ?? 0)} answers of 503`,
      holds: counts.every(([, count]) => count === 0),
      details: results.flatMap(describe),
    };
  },
};

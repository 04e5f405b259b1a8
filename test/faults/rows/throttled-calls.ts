import { randomFrom } from '../../support/random.ts';
import { findAllFaults, sendRequests, startRandomClients } from '../../support/random-client.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

const clientCount = 20;
/** More calls than this per needed one would make an overload worse. */
const maxRatio = 1.5;

/** Throttles a share of all tries at random. @returns the requests by status, and the tries that the service made per needed one */
const runThrottled = async ({ service, proxy, seed, count }: FaultRun, share: number) => {
  const random = randomFrom(seed + share);
  const namespace = `throttled-${seed}-${share}`;
  const clients = await startRandomClients(service, clientCount, namespace, (client) =>
    randomFrom(seed + share + client),
  );
  let needed = 0;
  const before = proxy.tries;
  proxy.fault = () => {
    if (random.next() < share / 100) return 'throttle';
    needed++;
    return 'none';
  };
  await sendRequests(clients, share === 100 ? count / 10 : count);
  proxy.fault = () => 'none';
  const made = proxy.tries - before;
  const statuses = clients.flatMap(({ statuses }) => Object.entries(statuses));
  const done = statuses.reduce((sum, [status, times]) => (Number(status) < 300 ? sum + times : sum), 0);
  const sent = statuses.reduce((sum, [, times]) => sum + times, 0);
  return { ratio: made / needed, done, sent, faults: await findAllFaults(clients) };
};

const format = (share: number, { ratio, done, sent }: Awaited<ReturnType<typeof runThrottled>>) =>
  `at ${share} %: ${done} of ${sent} requests done${Number.isFinite(ratio) ? `, ${ratio.toFixed(2)} calls per needed one` : ''}`;

export const throttledCalls: FaultRow = {
  fault: '10 %, 50 % or 100 % of calls are throttled',
  promise: `calls made ÷ calls needed ≤ ${maxRatio} at 10 %; nothing is half-written`,
  run: async (run) => {
    const few = await runThrottled(run, 10);
    const half = await runThrottled(run, 50);
    const all = await runThrottled(run, 100);
    const faults = [few, half, all].flatMap(({ faults }) => faults);
    return {
      text: `${format(10, few)}; ${format(50, half)}; ${format(100, all)}; ${faults.length} half-written or denied`,
      holds: few.ratio <= maxRatio && all.done === 0 && !faults.length,
      details: faults,
    };
  },
};

import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../../support/fault-proxy.ts';
import { randomFrom } from '../../support/random.ts';
import { findAllFaults, type RandomClient, startRandomClients } from '../../support/random-client.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

const clientCount = 20;
const maxResponseMs = 10_000;
const maxRecoveryMs = 5_000;
/** Milliseconds of outage for each operation that the row is asked for. */
const outageMs = 12;

interface Outage {
  slowestMs: number;
  /** From the end of the outage to the first success of a request that began after it. */
  recoveryMs: number;
  doneMeanwhile: number;
  faults: string[];
}

/** Sends requests without a pause, before, during and after an outage. */
const runOutage = async (
  { service, proxy, seed, count }: FaultRun,
  fault: Fault & string,
): Promise<Outage> => {
  const clients = await startRandomClients(service, clientCount, `${fault}-${seed}`, (client) =>
    randomFrom(seed + client),
  );
  for (const client of clients) await client.next();
  const outage: Outage = { slowestMs: 0, recoveryMs: Number.POSITIVE_INFINITY, doneMeanwhile: 0, faults: [] };
  let backAt = Number.POSITIVE_INFINITY;
  const send = async (client: RandomClient) => {
    const startedAt = performance.now();
    const { status } = await client.next();
    const endedAt = performance.now();
    outage.slowestMs = Math.max(outage.slowestMs, endedAt - startedAt);
    if (status >= 300) return;
    if (endedAt < backAt) outage.doneMeanwhile++;
    else if (startedAt >= backAt) outage.recoveryMs = Math.min(outage.recoveryMs, endedAt - backAt);
  };
  proxy.fault = () => fault;
  const working = clients.map(async (client) => {
    while (performance.now() < backAt + maxRecoveryMs && outage.recoveryMs > maxRecoveryMs)
      await send(client);
  });
  await pause(outageMs * count);
  proxy.fault = () => 'none';
  backAt = performance.now();
  await Promise.all(working);
  return { ...outage, faults: await findAllFaults(clients) };
};

const names = { hang: 'no answers', reset: 'connections reset', unreachable: 'unreachable' };
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export const outages: FaultRow = {
  fault: 'the table is unreachable, hangs or resets connections',
  promise: 'every response < 10 s; first success < 5 s after the table is back',
  run: async (run) => {
    const figures: string[] = [];
    let holds = true;
    for (const fault of ['hang', 'reset'] as const) {
      const { slowestMs, recoveryMs, faults } = await runOutage(run, fault);
      figures.push(
        `${names[fault]}: slowest response ${seconds(slowestMs)}, first success after ${seconds(recoveryMs)}`,
      );
      holds &&= slowestMs < maxResponseMs && recoveryMs < maxRecoveryMs && !faults.length;
    }
    return { text: figures.join('; '), holds };
  },
};

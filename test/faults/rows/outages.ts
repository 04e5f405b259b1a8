import { setTimeout as pause } from 'node:timers/promises';
import type { FaultProxy } from '../../support/fault-proxy.ts';
import { randomFrom } from '../../support/random.ts';
import { findAllFaults, type RandomClient, startRandomClients } from '../../support/random-client.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

const clientCount = 20;
const maxResponseMs = 10_000;
const maxRecoveryMs = 5_000;
/** How long the outage lasts for each operation that the row is asked for. */
const outageMs = 12;
/** A client waits after an error, so that the log of this process does not slow everything down. */
const pauseAfterErrorMs = 100;

/** How the table goes away, and comes back. */
const outageKinds: Record<string, { begin(proxy: FaultProxy): void; end(proxy: FaultProxy): Promise<void> }> =
  {
    unreachable: { begin: (proxy) => proxy.close(), end: (proxy) => proxy.reopen() },
    'no answers': {
      begin: (proxy) => {
        proxy.fault = () => 'hang';
      },
      end: async (proxy) => {
        proxy.fault = () => 'none';
      },
    },
    'connections reset': {
      begin: (proxy) => {
        proxy.fault = () => 'reset';
      },
      end: async (proxy) => {
        proxy.fault = () => 'none';
      },
    },
  };

interface Outage {
  slowestMs: number;
  /** From the end of the outage to the first success. */
  recoveryMs: number;
  faults: string[];
}

/** Sends requests during an outage, until one succeeds after it. */
const runOutage = async ({ service, proxy, seed, count }: FaultRun, kind: string): Promise<Outage> => {
  const namespace = `outage-${seed}-${kind.replaceAll(' ', '-')}`;
  const randomOf = (client: number) => randomFrom(seed + client);
  const clients = await startRandomClients(service, clientCount, namespace, randomOf);
  for (const client of clients) await client.next();
  let slowestMs = 0;
  let recoveryMs = Number.POSITIVE_INFINITY;
  let backAt = Number.POSITIVE_INFINITY;
  const send = async (client: RandomClient) => {
    const startedAt = performance.now();
    const { status } = await client.next();
    const endedAt = performance.now();
    slowestMs = Math.max(slowestMs, endedAt - startedAt);
    if (status >= 300) await pause(pauseAfterErrorMs);
    else if (endedAt >= backAt) recoveryMs = Math.min(recoveryMs, endedAt - backAt);
  };
  const isOver = () => recoveryMs < maxRecoveryMs || performance.now() > backAt + maxRecoveryMs;
  outageKinds[kind]?.begin(proxy);
  const working = clients.map(async (client) => {
    while (!isOver()) await send(client);
  });
  await pause(outageMs * count);
  await outageKinds[kind]?.end(proxy);
  backAt = performance.now();
  await Promise.all(working);
  return { slowestMs, recoveryMs, faults: await findAllFaults(clients) };
};

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export const outages: FaultRow = {
  fault: 'the table is unreachable, hangs or resets connections',
  promise: 'every response < 10 s; first success < 5 s after the table is back',
  run: async (run) => {
    const figures: string[] = [];
    const details: string[] = [];
    let holds = true;
    for (const kind of Object.keys(outageKinds)) {
      const { slowestMs, recoveryMs, faults } = await runOutage(run, kind);
      figures.push(`${kind}: slowest response ${seconds(slowestMs)}, back after ${seconds(recoveryMs)}`);
      holds &&= slowestMs < maxResponseMs && recoveryMs < maxRecoveryMs && !faults.length;
      details.push(...faults);
    }
    figures.push(`${details.length} lost or half-written`);
    return { text: figures.join('; '), holds, details };
  },
};

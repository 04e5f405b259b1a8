import { randomFrom } from '../../support/random.ts';
import { findAllFaults, sendRequests, startRandomClients } from '../../support/random-client.ts';
import type { FaultRow } from '../fault-row.ts';

const clientCount = 20;
const conflictShare = 0.3;
const minSuccess = 0.999;
const writes = ['TransactWriteItems', 'UpdateItem', 'PutItem', 'DeleteItem'];

export const conflicts: FaultRow = {
  fault: '30 % of calls fail with TransactionConflict',
  promise: '≥ 99.9 % of requests succeed',
  run: async ({ service, proxy, seed, count }) => {
    const random = randomFrom(seed);
    const clients = await startRandomClients(service, clientCount, `conflicts-${seed}`, (client) =>
      randomFrom(seed + client),
    );
    proxy.fault = (operation) =>
      writes.includes(operation) && random.next() < conflictShare ? 'conflict' : 'none';
    // One request in 4,600 meets seven conflicts in a row. A few thousand requests keep chance out of the figure.
    await sendRequests(clients, 5 * count);
    proxy.fault = () => 'none';
    const counts = clients.flatMap(({ statuses }) => Object.entries(statuses));
    const sent = counts.reduce((sum, [, times]) => sum + times, 0);
    const failed = counts.reduce((sum, [status, times]) => (Number(status) < 300 ? sum : sum + times), 0);
    const faults = await findAllFaults(clients);
    return {
      text: `${(100 * (1 - failed / sent)).toFixed(2)} % of ${sent} requests succeeded; ${faults.length} lost or half-written`,
      holds: failed / sent <= 1 - minSuccess && !faults.length,
      details: faults,
    };
  },
};

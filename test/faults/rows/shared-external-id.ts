import type { Fault } from '../../support/fault-proxy.ts';
import { findTornWrites } from '../../support/whole-partitions.ts';
import type { FaultRow, FaultRun } from '../fault-row.ts';

/** About what a transaction of a few items takes on AWS. */
const transactionMs = 10;
const clientCounts = [2, 5, 10];

interface Item {
  Put?: { Key?: object; Item: { pk: object; sk: object } };
  Update?: { Key: object };
}

/**
 * What DynamoDB does with transactions that touch the same item, and DynamoDB Local does not: while one of them runs, it
 * refuses the others.
 */
const oneTransactionPerItem = (): ((
  operation: string,
  tried: { body: { TransactItems?: Item[] } },
) => Fault) => {
  const busyUntil = new Map<string, number>();
  return (_operation, { body: { TransactItems } }) => {
    if (!TransactItems) return 'none';
    const items = TransactItems.map(({ Put, Update }) =>
      JSON.stringify(Update?.Key ?? { pk: Put?.Item.pk, sk: Put?.Item.sk }),
    );
    const now = performance.now();
    if (items.some((item) => (busyUntil.get(item) ?? 0) > now)) return 'conflict';
    for (const item of items) busyUntil.set(item, now + transactionMs);
    return { delayMs: transactionMs };
  };
};

/** So many clients create channels one after the other. @returns how many creations were done and refused, and per second */
const createAtOnce = async (
  { service, proxy, seed }: FaultRun,
  clients: number,
  count: number,
  shared: boolean,
) => {
  const namespace = `same-id-${seed}-${clients}-${shared}`;
  const key = await service.newKey({ namespaces: [namespace] });
  const statuses: number[] = [];
  proxy.fault = oneTransactionPerItem();
  const start = performance.now();
  const runClient = async (client: number) => {
    for (let number = client; number < count; number += clients) {
      const body = { name: 'x', integration_meta: { external_id: shared ? 'same' : `own ${number}` } };
      statuses.push((await service.call('POST /client-channel', { key, body })).status);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  const seconds = (performance.now() - start) / 1000;
  proxy.fault = () => 'none';
  const done = statuses.filter((status) => status === 201).length;
  const refused = statuses.filter((status) => status === 409).length;
  const wrong = await findTornWrites(service.channels, [namespace]);
  if (done + refused < count)
    wrong.push(`${count - done - refused} creations were neither done nor refused with 409`);
  return { text: `${Math.round(done / seconds)} a second, ${refused} refused`, wrong };
};

export const sharedExternalId: FaultRow = {
  fault:
    'many clients create channels with the same external id, and DynamoDB refuses transactions that meet',
  promise: 'each creation is done or refused with 409, and nothing is half-written',
  run: async (run) => {
    const count = Math.max(40, run.count / 5);
    const figures: string[] = [];
    const details: string[] = [];
    for (const clients of clientCounts) {
      const own = await createAtOnce(run, clients, count, false);
      const same = await createAtOnce(run, clients, count, true);
      figures.push(`${clients} clients: ${same.text} (${own.text} with ids of their own)`);
      details.push(...own.wrong, ...same.wrong);
    }
    return { text: `${figures.join('; ')}; of ${count} each`, holds: !details.length, details };
  },
};

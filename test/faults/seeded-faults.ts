import type { Fault, FaultProxy } from '../support/fault-proxy.ts';
import type { Random } from '../support/random.ts';

/** The faults of the tries of one call. The last one is that of all later tries too. */
type Script = Fault[];

/** The error of a table whose capacity is used up. The SDK tries a call again after it, and a transaction too. */
const noCapacity: Fault = {
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
};

/** The calls that the service makes for requests. The others (streams, new tables) always work. */
const operations = /^(Get|BatchGet|Put|Update|Delete)Item$|^Query$|^TransactWriteItems$/;

/** DynamoDB refuses no read because of a transaction. */
const isRead = (operation: string) => /Get|Query/.test(operation);

/**
 * The stream delivers a record until its version is in the history. So the same write comes again and again, and must work in the
 * end: otherwise the record would become a dead letter. These are the tries of two deliveries.
 */
const maxFailingPuts = 8;

/** One fault, and then the call works. */
const single = (random: Random): Fault =>
  random.pick<Fault>([
    'dropAnswer',
    'failAfter',
    'reset',
    'failBefore',
    'throttle',
    noCapacity,
    'conflict',
    { delayMs: 5 + random.below(100) },
    { deliverAfterMs: 5 + random.below(300) },
  ]);

/** DynamoDB carries the first try out, or will do so, and the caller does not learn it. */
const unknown = (random: Random): Fault =>
  random.pick<Fault>(['dropAnswer', 'failAfter', { deliverAfterMs: 5 + random.below(300) }]);

const scripts: [weight: number, write: (random: Random) => Script][] = [
  [50, (random) => [single(random), 'none']],
  // Every later try is refused.
  [18, (random) => [unknown(random), random.pick<Fault>(['throttle', noCapacity, 'conflict', 'failBefore'])]],
  // Others write between the tries.
  [14, (random) => [unknown(random), single(random), { delayMs: 20 + random.below(150) }]],
  [10, (random) => [unknown(random), unknown(random), 'none']],
  // Nothing works.
  [4, (random) => [random.pick<Fault>(['throttle', noCapacity, 'conflict', 'reset', 'failBefore'])]],
  [4, (random) => [unknown(random)]],
];
const totalWeight = scripts.reduce((sum, [weight]) => sum + weight, 0);

const newScript = (random: Random): Script => {
  let at = random.below(totalWeight);
  const chosen = scripts.find(([weight]) => {
    at -= weight;
    return at < 0;
  });
  return chosen?.[1](random) ?? [];
};

export interface SeededFaults {
  fault: FaultProxy['fault'];
  /** How many tries had a fault. */
  count(): number;
}

/** Gives this share of all calls to DynamoDB a random fault, or a random series of faults. */
export const seededFaults = (random: Random, share: number): SeededFaults => {
  const running = new Map<string, Script>();
  let count = 0;
  return {
    count: () => count,
    fault: (operation, { call, number }) => {
      if (!operations.test(operation)) return 'none';
      if (number === 1 && random.next() < share) running.set(call, newScript(random));
      const isOver = operation === 'PutItem' && number > maxFailingPuts;
      const script = isOver ? undefined : running.get(call);
      const fault = script?.[Math.min(number, script.length) - 1] ?? 'none';
      if (fault !== 'none') count++;
      return fault === 'conflict' && isRead(operation) ? 'failBefore' : fault;
    },
  };
};

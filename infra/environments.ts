/** Everything that differs between environments; what is alike in all of them stands where it is used. */
export interface Environment {
  /** Part of every name, so that environments can share an account. */
  name: string;
  /** Whether tables and secrets survive the deletion of their stack, and can't be deleted by accident. */
  keepsData: boolean;
  /** Origins whose browsers may call the API; none turns CORS off. */
  allowedOrigins: string[];
  /** What the stage lets through before it answers 429: requests a second, and at once. */
  requests: { rate: number; burst: number };
  /** Units a second at which a table, and each of its indexes, throttles: the most that a runaway client can cost. */
  tableCeiling: { reads: number; writes: number };
  /** How long logs are kept, in days. The gateway's hold addresses of clients. */
  logRetention: 7 | 30 | 90;
  /** Whether stacks in logs name the sources' lines: readable at once, for an eighth of a cold start more. */
  mapsStacks: boolean;
  alarms: {
    /** Failures of one kind within 5 minutes that ring. */
    failures: number;
    /** The 99th percentile of a function's duration, in milliseconds, over 15 minutes, that rings. */
    slowest: number;
    /** How far a function may be behind the table's stream, in milliseconds, before it rings. */
    furthestBehind: number;
  };
  /**
   * What stands in for the data stack's own channels table, restored from a backup: its name, and the ARN of its stream
   * (docs/operations.md). Absent as a rule.
   */
  restored?: { channelsTable: string; channelsStream: string };
  /**
   * Versions of the cursor secret, by id. Absent until the first rotation: the version that is current when the list
   * function changes. `previous` opens cursors sealed before a rotation, for the day after it.
   */
  cursorSecret?: { current: string; previous?: string };
}

/** What the first requests to a new on-demand table get without warming it (DynamoDB Developer Guide). */
const unwarmed = { reads: 12_000, writes: 4_000 };

export const environments: Environment[] = [
  {
    name: 'dev',
    keepsData: false,
    allowedOrigins: ['http://localhost:3000', 'http://localhost:5173'],
    requests: { rate: 50, burst: 100 },
    tableCeiling: { reads: 1_000, writes: 500 },
    logRetention: 7,
    mapsStacks: true,
    alarms: { failures: 1, slowest: 3_000, furthestBehind: 300_000 },
  },
  {
    name: 'staging',
    keepsData: true,
    allowedOrigins: [],
    requests: { rate: 200, burst: 400 },
    tableCeiling: unwarmed,
    logRetention: 30,
    mapsStacks: false,
    alarms: { failures: 1, slowest: 1_500, furthestBehind: 120_000 },
  },
  {
    name: 'prod',
    keepsData: true,
    allowedOrigins: [],
    requests: { rate: 1_000, burst: 2_000 },
    tableCeiling: unwarmed,
    logRetention: 90,
    mapsStacks: false,
    alarms: { failures: 5, slowest: 1_500, furthestBehind: 120_000 },
  },
];

/** @throws Error with one line that names the environments there are. */
export const findEnvironment = (name: string | undefined): Environment => {
  const found = environments.find((environment) => environment.name === name);
  if (found) return found;
  const known = environments.map((environment) => environment.name).join(', ');
  throw new Error(name ? `There is no environment "${name}": ${known}.` : `Name an environment: ${known}.`);
};

/** Everything that differs between environments; what is alike in all of them stands where it is used. */
export interface Environment {
  /** Part of every name, so that environments can share an account. */
  name: string;
  /** Whether tables and secrets survive the deletion of their stack, and can't be deleted by accident. */
  keepsData: boolean;
  /** Origins whose browsers may call the API; none turns CORS off. */
  allowedOrigins: string[];
  /** What the stage lets through before it answers 429: requests a second, and at once. */
  throttling: { requestsPerSecond: number; burst: number };
  /** Units a second at which a table, and each of its indexes, throttles: the most that a runaway client can cost. */
  maxTableUnits: { reads: number; writes: number };
  /** How long logs are kept, in days. The gateway's hold addresses of clients. */
  logRetentionDays: 7 | 30 | 90;
  /** Whether stacks in logs name the sources' lines: readable at once, for an eighth of a cold start more. */
  sourceMaps: boolean;
  alarms: {
    /** Failures of one kind within 5 minutes that ring. */
    errorCount: number;
    /** The 99th percentile of a function's duration, in milliseconds, over 15 minutes, that rings. */
    p99LatencyMs: number;
    /** How far a function may be behind the table's stream, in milliseconds, before it rings. */
    streamLagMs: number;
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
const initialTableUnits = { reads: 12_000, writes: 4_000 };

export const environments: Environment[] = [
  {
    name: 'dev',
    keepsData: false,
    allowedOrigins: ['http://localhost:3000', 'http://localhost:5173'],
    throttling: { requestsPerSecond: 50, burst: 100 },
    maxTableUnits: { reads: 1_000, writes: 500 },
    logRetentionDays: 7,
    sourceMaps: true,
    alarms: { errorCount: 1, p99LatencyMs: 3_000, streamLagMs: 300_000 },
  },
  {
    name: 'staging',
    keepsData: true,
    allowedOrigins: [],
    throttling: { requestsPerSecond: 200, burst: 400 },
    maxTableUnits: initialTableUnits,
    logRetentionDays: 30,
    sourceMaps: false,
    alarms: { errorCount: 1, p99LatencyMs: 1_500, streamLagMs: 120_000 },
  },
  {
    name: 'prod',
    keepsData: true,
    allowedOrigins: [],
    throttling: { requestsPerSecond: 1_000, burst: 2_000 },
    maxTableUnits: initialTableUnits,
    logRetentionDays: 90,
    sourceMaps: false,
    alarms: { errorCount: 5, p99LatencyMs: 1_500, streamLagMs: 120_000 },
  },
];

/** @throws Error with one line that names the environments there are. */
export const findEnvironment = (name: string | undefined): Environment => {
  const found = environments.find((environment) => environment.name === name);
  if (found) return found;
  const known = environments.map((environment) => environment.name).join(', ');
  throw new Error(name ? `There is no environment "${name}": ${known}.` : `Name an environment: ${known}.`);
};

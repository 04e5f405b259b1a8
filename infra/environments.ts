import { developmentOrigins } from '../lib/manifest/cors.ts';
import type { TableName } from '../lib/manifest/permission-types.ts';

/** Request units per second. By default, AWS allows at most 40,000 of each for one table or index (Service Quotas). */
interface MaxUnits {
  reads: number;
  writes: number;
}

/** The names of the two tables that `restore-backup` makes. They take the place of the data stack's tables. */
export interface RestoredTables {
  /** Restored from the backup. */
  channels: string;
  /** Created empty, and rebuilt from the channels. */
  projections: string;
}

/** Settings that differ between environments. Settings that all environments share are in the stacks. */
export interface Environment {
  /** Part of the name of every resource, so that environments can share an account. */
  name: string;
  /**
   * Where the environment is. Every command refuses to act on it anywhere else. Say it before the first deployment, and
   * never change it later: the tables would stay behind.
   */
  deployedTo: { account: string; region: string };
  /** Whether tables and secrets are kept when their stack is deleted, and are protected against deletion. */
  keepsData: boolean;
  /**
   * The address at which clients reach the API, with its path prefix if it has one: `https://api.example.com/channels`. The
   * headers `Link` and `Location` are absolute then. Without it they are relative, which also works behind any prefix.
   */
  publicUrl?: `https://${string}`;
  /** Origins whose scripts may call the API in a browser (CORS). An empty list turns CORS off. */
  allowedOrigins: string[];
  /** Limits of the gateway's stage: the sustained rate, and the burst. It answers requests above them with 429. */
  throttling: { requestsPerSecond: number; burst: number };
  /**
   * Maximum throughput of each table, and of each index of the channels table. DynamoDB throttles requests above it. It
   * limits what a runaway client can cost. docs/performance.md says what one creation takes from each, so that the limit
   * of the gateway is reached first.
   */
  maxTableUnits: Record<TableName | 'channelsIndex', MaxUnits>;
  /** Retention of all logs. The gateway's logs contain the IP addresses of clients. */
  logRetentionDays: 7 | 30 | 90;
  /** Whether stack traces in logs refer to lines of the sources. This makes a cold start an eighth longer. */
  sourceMaps: boolean;
  /** Values at which alarms are raised. */
  alarms: {
    /** Errors of one kind within 5 minutes. */
    errorCount: number;
    /** 99th percentile of a function's duration, exceeded for 15 minutes. */
    p99LatencyMs: number;
    /** How far a stream consumer is behind the stream of the channels table. */
    streamLagMs: number;
  };
  /** Used instead of the tables of the data stack. No row has this: `withRestoredTables` reads it from the account. */
  restoredTables?: RestoredTables;
  /** The ARN of the stream of the restored channels table. No row has this: `withRestoredStream` reads it. */
  restoredStream?: string;
  /**
   * Version ids of the cursor secret. It is absent until the first rotation. Then functions get the version that is
   * current when CloudFormation updates them. `previous` still opens the cursors that were sealed before a rotation.
   * Remove it a day after the rotation.
   */
  cursorSecret?: { current: string; previous?: string };
}

/**
 * The account and region of the emulated AWS (`npm run test:deploy`). An environment is only there until somebody says where
 * it really is.
 */
export const emulatedAws = { account: '000000000000', region: 'us-east-1' };

export const environments: Environment[] = [
  {
    name: 'dev',
    deployedTo: emulatedAws,
    keepsData: false,
    allowedOrigins: developmentOrigins,
    throttling: { requestsPerSecond: 50, burst: 100 },
    maxTableUnits: {
      channels: { reads: 1_000, writes: 1_000 },
      channelsIndex: { reads: 1_000, writes: 200 },
      projections: { reads: 1_000, writes: 2_000 },
      history: { reads: 200, writes: 200 },
      apiKeys: { reads: 100, writes: 10 },
    },
    logRetentionDays: 7,
    sourceMaps: true,
    alarms: { errorCount: 1, p99LatencyMs: 3_000, streamLagMs: 300_000 },
  },
  {
    name: 'staging',
    deployedTo: emulatedAws,
    keepsData: true,
    allowedOrigins: [],
    throttling: { requestsPerSecond: 200, burst: 400 },
    maxTableUnits: {
      channels: { reads: 12_000, writes: 3_000 },
      channelsIndex: { reads: 12_000, writes: 500 },
      projections: { reads: 12_000, writes: 8_000 },
      history: { reads: 2_000, writes: 1_000 },
      apiKeys: { reads: 400, writes: 10 },
    },
    logRetentionDays: 30,
    sourceMaps: false,
    alarms: { errorCount: 1, p99LatencyMs: 1_500, streamLagMs: 120_000 },
  },
  {
    name: 'prod',
    deployedTo: emulatedAws,
    keepsData: true,
    allowedOrigins: [],
    throttling: { requestsPerSecond: 1_000, burst: 2_000 },
    maxTableUnits: {
      channels: { reads: 12_000, writes: 15_000 },
      channelsIndex: { reads: 12_000, writes: 2_500 },
      projections: { reads: 12_000, writes: 40_000 },
      history: { reads: 4_000, writes: 5_000 },
      apiKeys: { reads: 2_000, writes: 10 },
    },
    logRetentionDays: 90,
    sourceMaps: false,
    alarms: { errorCount: 5, p99LatencyMs: 1_500, streamLagMs: 120_000 },
  },
];

/** @throws Error of one line that lists the known environments. */
export const findEnvironment = (name: string | undefined): Environment => {
  const found = environments.find((environment) => environment.name === name);
  if (found) return found;
  const known = environments.map((environment) => environment.name).join(', ');
  throw new Error(name ? `There is no environment "${name}": ${known}.` : `Name an environment: ${known}.`);
};

import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { developmentOrigins } from '../lib/manifest/cors.ts';
import { schedules } from '../lib/manifest/schedules.ts';
import { streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { apiKeysTable, channelsTable, historyTable, projectionsTable } from '../lib/manifest/tables.ts';
import { createTables } from './create-tables.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts';
import {
  enterEnvironment,
  functionEnvironment,
  localEventBus,
  localTables,
  sdkEnvironment,
} from './environment.ts';
import { type EventBus, eventsRoute, startEventBus } from './event-bus.ts';
import { type Gateway, type Routes, startGateway } from './gateway.ts';
import { findJava } from './java.ts';
import { loadRoutes } from './load-functions.ts';
import { localApiKey } from './local-api-key.ts';
import { type RunningSchedules, startSchedules } from './start-schedules.ts';
import { type RunningStreamConsumers, startStreamConsumers } from './start-stream-consumers.ts';
import { cursorSecret, lockStateFolder, type StateLock } from './state.ts';

export interface ServerOptions {
  port: number;
  /** The state folder. */
  folder: string;
  /** Keeps no channels between runs. */
  inMemory: boolean;
  /** Cancels the start, and stops what was started until then. */
  signal: AbortSignal;
}

export interface Server {
  url: string;
  apiKey: string;
  /** Resolves when DynamoDB Local ends, with one line that says why. */
  dynamoDbEnded: Promise<string>;
  /** Waits for running requests, stops DynamoDB Local and releases the state folder. */
  stop(): Promise<void>;
}

const prepareTables = async () => {
  const client = new DynamoDBClient();
  try {
    await createTables(client, {
      [localTables.channels]: channelsTable,
      [localTables.projections]: projectionsTable,
      [localTables.history]: historyTable,
      [localTables.apiKeys]: apiKeysTable,
    });
  } finally {
    client.destroy();
  }
};

const newPromise = <Value>() => {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<Value>((...callbacks) => {
    [resolve, reject] = callbacks;
  });
  return { promise, resolve, reject };
};

interface Started {
  gateway?: Gateway;
  dynamoDb?: DynamoDbLocal;
  lock?: StateLock;
  consumers?: RunningStreamConsumers;
  schedules?: RunningSchedules;
  bus?: EventBus;
}

/**
 * Starts the whole service: DynamoDB Local in a process of its own, and in this process the gateway, the event bus, the
 * functions, the stream consumers and the schedules. It locks the state folder, and creates the tables and the API key.
 *
 * The gateway listens first, so that nothing else is changed if the port is taken. Requests that arrive before the
 * functions are loaded wait.
 * @throws Error with one line for an expected failure, or the signal's reason. Nothing is left running then.
 */
export const startServer = async ({ port, folder, inMemory, signal }: ServerOptions): Promise<Server> => {
  const { promise: routes, resolve: provideRoutes, reject: failRoutes } = newPromise<Routes>();
  const started: Started = {};
  const stop = async () => {
    await Promise.all([started.gateway?.close(), started.consumers?.stop(), started.schedules?.stop()]);
    await Promise.all([started.bus?.stop(), started.dynamoDb?.stop()]);
    started.lock?.release();
  };

  try {
    const gateway = await startGateway({ routes, port, allowedOrigins: developmentOrigins });
    started.gateway = gateway;
    const lock = await lockStateFolder(folder, gateway.port, inMemory);
    started.lock = lock;
    enterEnvironment(sdkEnvironment);
    const java = await findJava();
    const dynamoDb = await startDynamoDbLocal({
      java,
      dbPath: inMemory ? undefined : join(folder, 'dynamodb'),
      owner: folder,
      onSpawn: (dynamoDbPid) => lock.update({ dynamoDbPid }),
      signal,
    });
    started.dynamoDb = dynamoDb;
    const dynamoDbRecord = { dynamoDbPid: dynamoDb.pid, dynamoDbPort: dynamoDb.port };
    lock.update(dynamoDbRecord);

    const bus = await startEventBus({ name: localEventBus });
    started.bus = bus;
    lock.update({ ...dynamoDbRecord, eventBusPort: bus.port });
    enterEnvironment(functionEnvironment(dynamoDb.endpoint, bus.endpoint, cursorSecret(folder), gateway.url));
    await prepareTables();
    const apiKey = await localApiKey(folder, localTables.apiKeys);
    signal.throwIfAborted();
    const functionRoutes = await loadRoutes();
    started.consumers = await startStreamConsumers(streamConsumers, { tableName: localTables.channels });
    started.schedules = await startSchedules(schedules);
    provideRoutes([...functionRoutes, eventsRoute(bus)]);
    signal.throwIfAborted();
    return { url: gateway.url, apiKey, dynamoDbEnded: dynamoDb.ended, stop };
  } catch (error) {
    failRoutes(error);
    await stop();
    throw error;
  }
};

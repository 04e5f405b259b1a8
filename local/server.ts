import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { schedules } from '../lib/manifest/schedules.ts';
import { apiKeysTable, channelsTable, projectionsTable } from '../lib/manifest/tables.ts';
import { type RunningStreamConsumers, startStreamConsumers } from './start-stream-consumers.ts';
import { createTables } from './create-tables.ts';
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts';
import {
  sdkEnvironment,
  enterEnvironment,
  functionEnvironment,
  localEventBus,
  localTables,
} from './environment.ts';
import { type EventBus, eventsRoute, startEventBus, summaryOf } from './event-bus.ts';
import { type Gateway, type Routes, startGateway } from './gateway.ts';
import { findJava } from './java.ts';
import { localApiKey } from './local-api-key.ts';
import { loadRoutes } from './load-functions.ts';
import { type RunningSchedules, startSchedules } from './start-schedules.ts';
import { type StateLock, lockStateFolder, cursorSecret } from './state.ts';

export interface ServerOptions {
  port: number;
  /** The state folder. */
  folder: string;
  /** Keeps no channels between runs. */
  inMemory: boolean;
  /** Ends the start; what was started by then is stopped again. */
  signal: AbortSignal;
}

export interface Server {
  url: string;
  apiKey: string;
  /** Settles, with one line that tells why, if the engine ends before the server does. */
  dynamoDbEnded: Promise<string>;
  /** Lets running requests end, then the engine; releases the state folder. */
  stop(): Promise<void>;
}

const prepareTables = async () => {
  const client = new DynamoDBClient();
  try {
    await createTables(client, {
      [localTables.channels]: channelsTable,
      [localTables.directory]: projectionsTable,
      [localTables.accessKeys]: apiKeysTable,
    });
  } finally {
    client.destroy();
  }
};

const newPromise = <Value>() => {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<Value>((...functions) => {
    [resolve, reject] = functions;
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
 * Starts the whole service in this process: gateway, state, engine, tables, key, functions, what the stream feeds and what runs by
 * the clock.
 * The port is taken first, so that nothing else is touched where it is not free; requests that come before all is ready
 * wait.
 * @throws Error with one line for whatever can be expected to fail, or the signal's reason; nothing is left running.
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
    const gateway = await startGateway({ routes, port });
    started.gateway = gateway;
    const lock = await lockStateFolder(folder, gateway.port, inMemory);
    started.lock = lock;
    enterEnvironment(sdkEnvironment);
    const java = await findJava();
    const dynamoDb = await startDynamoDbLocal({
      java,
      dbPath: inMemory ? undefined : join(folder, 'dynamodb'),
      owner: folder,
      onSpawn: (enginePid) => lock.update({ dynamoDbPid: enginePid }),
      signal,
    });
    started.dynamoDb = dynamoDb;
    const processes = { enginePid: dynamoDb.pid, enginePort: dynamoDb.port };
    lock.update(processes);

    const bus = await startEventBus({
      name: localEventBus,
      onEvent: (event) => console.log(summaryOf(event)),
    });
    started.bus = bus;
    lock.update({ ...processes, eventBusPort: bus.port });
    enterEnvironment(functionEnvironment(dynamoDb.endpoint, bus.endpoint, cursorSecret(folder)));
    await prepareTables();
    const apiKey = await localApiKey(folder, localTables.accessKeys);
    signal.throwIfAborted();
    const functions = await loadRoutes();
    started.consumers = await startStreamConsumers(streamConsumers, { tableName: localTables.channels });
    started.schedules = await startSchedules(schedules);
    provideRoutes([...functions, eventsRoute(bus)]);
    signal.throwIfAborted();
    return { url: gateway.url, apiKey, dynamoDbEnded: dynamoDb.ended, stop };
  } catch (error) {
    failRoutes(error);
    await stop();
    throw error;
  }
};

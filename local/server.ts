import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { schedules } from '../lib/manifest/schedules.ts';
import { apiKeysTable, channelsTable, projectionsTable } from '../lib/manifest/tables.ts';
import { type RunningConsumers, startConsumers } from './start-stream-consumers.ts';
import { createTables } from './create-tables.ts';
import { type Engine, startEngine } from './dynamodb-local.ts';
import {
  engineEnvironment,
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
import { type Claim, claimState, cursorSecret } from './state.ts';

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
  engineEnded: Promise<string>;
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
  const promise = new Promise<Value>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
};

interface Started {
  gateway?: Gateway;
  engine?: Engine;
  claim?: Claim;
  consumers?: RunningConsumers;
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
  const { promise: routes, resolve: serve, reject: giveUp } = newPromise<Routes>();
  const started: Started = {};
  const stop = async () => {
    await Promise.all([started.gateway?.close(), started.consumers?.stop(), started.schedules?.stop()]);
    await Promise.all([started.bus?.stop(), started.engine?.stop()]);
    started.claim?.release();
  };

  try {
    const gateway = await startGateway({ routes, port });
    started.gateway = gateway;
    const claim = await claimState(folder, gateway.port, inMemory);
    started.claim = claim;
    enterEnvironment(engineEnvironment);
    const java = await findJava();
    const engine = await startEngine({
      java,
      dbPath: inMemory ? undefined : join(folder, 'dynamodb'),
      owner: folder,
      onSpawn: (enginePid) => claim.note({ enginePid }),
      signal,
    });
    started.engine = engine;
    const running = { enginePid: engine.pid, enginePort: engine.port };
    claim.note(running);

    const bus = await startEventBus({
      name: localEventBus,
      onEvent: (event) => console.log(summaryOf(event)),
    });
    started.bus = bus;
    claim.note({ ...running, eventBusPort: bus.port });
    enterEnvironment(functionEnvironment(engine.endpoint, bus.endpoint, cursorSecret(folder)));
    await prepareTables();
    const apiKey = await localApiKey(folder, localTables.accessKeys);
    signal.throwIfAborted();
    const functions = await loadRoutes();
    started.consumers = await startConsumers(streamConsumers, { tableName: localTables.channels });
    started.schedules = await startSchedules(schedules);
    serve([...functions, eventsRoute(bus)]);
    signal.throwIfAborted();
    return { url: gateway.url, apiKey, engineEnded: engine.ended, stop };
  } catch (error) {
    giveUp(error);
    await stop();
    throw error;
  }
};

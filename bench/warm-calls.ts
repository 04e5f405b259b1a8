import { mock } from 'node:test';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { connect } from '../lib/dynamodb/client.ts';
import type { OperationName } from '../lib/manifest/operations.ts';
import { contextOf } from '../local/function-context.ts';
import { loadHandler } from '../local/load-functions.ts';
import { eventOf } from './sample-data.ts';

/**
 * Runs in a process of its own. Its argument is a number of rounds. It prints as JSON the CPU time of warm functions, and of
 * the calls of the SDK in them: each command that a function sends is sent again by another client, without the function.
 */

/** The CPU time of one warm call, in microseconds. */
export interface WarmSample {
  whole: number;
  sdk: number;
}

export type WarmSamples = { name: OperationName; samples: WarmSample[] }[];

type Handler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;
type Call = () => Promise<unknown>;

const names: OperationName[] = ['get-channel', 'list-channels', 'create-channel', 'update-channel'];
const rounds = Number(process.argv[2]);
const warmUpCalls = 500;
/** A sample alternates between the two sides after a few calls, so that both find the machine equally busy. */
const turns = 10;
const callsPerTurn = 10;

const client = connect();

const callOf = async (name: OperationName): Promise<Call> => {
  const handler = await loadHandler<Handler>(`functions/${name}.ts`);
  const [event, context] = [eventOf(name), contextOf(name, 'bench', 60 * 60 * 1000)];
  return async () => {
    const { statusCode = 500, body } = await handler(event, context);
    if (statusCode >= 300) throw new Error(`${name} answered ${statusCode}: ${body}`);
  };
};

/** Makes a call that only sends the command that a function sends. */
const sdkCallOf = async (call: Call): Promise<Call> => {
  // The first call also reads the API key, which the function then caches.
  await call();
  const send = mock.method(DynamoDBDocumentClient.prototype, 'send');
  await call();
  const commands = send.mock.calls.flatMap((each) => each.arguments[0] ?? []);
  send.mock.restore();
  const [command] = commands;
  if (!command || commands.length > 1)
    throw new Error(`The function sent ${commands.length} commands instead of one.`);
  type Command = typeof command;
  const Command = command.constructor as new (input: object) => Command;
  return () => client.send(new Command(command.input));
};

const cpuMicroseconds = async (call: Call, calls: number): Promise<number> => {
  const before = process.cpuUsage();
  for (let done = 0; done < calls; done++) await call();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

const takeSample = async (call: Call, sdkCall: Call): Promise<WarmSample> => {
  let [whole, sdk] = [0, 0];
  for (let turn = 0; turn < turns; turn++) {
    sdk += await cpuMicroseconds(sdkCall, callsPerTurn);
    whole += await cpuMicroseconds(call, callsPerTurn);
  }
  const calls = turns * callsPerTurn;
  return { whole: whole / calls, sdk: sdk / calls };
};

const functions: { name: OperationName; call: Call; sdkCall: Call; samples: WarmSample[] }[] = [];
for (const name of names) {
  const call = await callOf(name);
  const sdkCall = await sdkCallOf(call);
  await cpuMicroseconds(call, warmUpCalls);
  await cpuMicroseconds(sdkCall, warmUpCalls);
  functions.push({ name, call, sdkCall, samples: [] });
}
for (let round = 0; round < rounds; round++)
  for (const { call, sdkCall, samples } of functions) samples.push(await takeSample(call, sdkCall));
const result: WarmSamples = functions.map(({ name, samples }) => ({ name, samples }));
console.log(JSON.stringify(result));

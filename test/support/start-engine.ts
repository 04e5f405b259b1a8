import { type Engine, startEngine } from '../../local/engine.ts';

declare global {
  var testEngine: Engine;
}

/** Workers inherit this process's environment, and with it the way to the engine. */
export default async function startSharedEngine(): Promise<void> {
  globalThis.testEngine = await startEngine({ inMemory: true });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: globalThis.testEngine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
}

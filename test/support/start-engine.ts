import { type Engine, startEngine } from '../../local/engine.ts';
import { engineEnvironment } from '../../local/environment.ts';
import { findJava } from '../../local/java.ts';

declare global {
  var sharedEngine: Engine;
}

/** Starts one engine in memory for all tests; the workers inherit this process's environment, and the way to it. */
export default async function startSharedEngine(): Promise<void> {
  globalThis.sharedEngine = await startEngine({ java: await findJava(), owner: 'tests' });
  Object.assign(process.env, engineEnvironment, {
    AWS_ENDPOINT_URL_DYNAMODB: globalThis.sharedEngine.endpoint,
  });
}

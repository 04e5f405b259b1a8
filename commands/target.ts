import { findEnvironment } from '../infra/environments.ts';
import { engineEnvironment, enterEnvironment, localEnvironment } from '../local/environment.ts';
import { findRunningServer, stateFolder } from '../local/state.ts';

/**
 * Makes this process act on a deployed environment, by the account and region of the shell, or without a name on the local
 * server that is running.
 * @returns the environment's name
 * @throws Error with one line for what is no environment; and where no local server runs
 */
export const enterTarget = (environment: string | undefined): string => {
  if (environment !== undefined) return findEnvironment(environment).name;
  const { enginePort, eventBusPort } = findRunningServer(stateFolder()) ?? {};
  if (enginePort === undefined || eventBusPort === undefined)
    throw new Error('No local server is running: start one with "npm start", or name an --environment.');
  enterEnvironment({
    ...engineEnvironment,
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${enginePort}`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${eventBusPort}`,
  });
  return localEnvironment;
};

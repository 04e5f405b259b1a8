import { tableNames } from '../lib/manifest/tables.ts';

/** What the SDK needs to speak to the engine. The engine checks no credentials, but the SDK will not go without. */
export const sdkEnvironment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
} as const;

/** The name of this environment, which its keys carry. */
export const localEnvironment = 'local';

export const localTables = tableNames(localEnvironment);

export const localEventBus = 'client-channels-local';

/** The environment in which the functions run on one machine: their own variables and the SDK's. */
export const functionEnvironment = (endpoint: string, busEndpoint: string, cursorSecret: string) => ({
  ENVIRONMENT: localEnvironment,
  CHANNELS_TABLE: localTables.channels,
  DIRECTORY_TABLE: localTables.directory,
  ACCESS_KEYS_TABLE: localTables.accessKeys,
  CURSOR_SECRET: cursorSecret,
  ...sdkEnvironment,
  EVENT_BUS: localEventBus,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ENDPOINT_URL_EVENTBRIDGE: busEndpoint,
});

/** Of the developer's own AWS settings, those that would lead the SDK away from the engine. */
const conflictingVariables = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'];

/** Makes this process speak to the engine, whatever its shell was set up for. */
export const enterEnvironment = (variables: Record<string, string>): void => {
  for (const name of conflictingVariables) delete process.env[name];
  Object.assign(process.env, variables);
};

import { tableNames } from '../lib/manifest/tables.ts';

/** The SDK settings for DynamoDB Local. It does not check credentials, but the SDK requires some. */
export const sdkEnvironment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
} as const;

/** The name of this environment. It is part of the API keys. */
export const localEnvironment = 'local';

export const localTables = tableNames(localEnvironment);

export const localEventBus = 'client-channels-local';

/**
 * The environment variables of the functions on one machine: their own, and those of the SDK.
 * @param endpoint URL of DynamoDB Local
 * @param busEndpoint URL of the local event bus
 * @param publicUrl URL of the local gateway
 */
export const functionEnvironment = (
  endpoint: string,
  busEndpoint: string,
  cursorSecret: string,
  publicUrl: string,
) => ({
  ENVIRONMENT: localEnvironment,
  CHANNELS_TABLE: localTables.channels,
  PROJECTIONS_TABLE: localTables.projections,
  HISTORY_TABLE: localTables.history,
  API_KEYS_TABLE: localTables.apiKeys,
  CURSOR_SECRET: cursorSecret,
  PUBLIC_URL: publicUrl,
  ...sdkEnvironment,
  EVENT_BUS: localEventBus,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ENDPOINT_URL_EVENTBRIDGE: busEndpoint,
});

/** A developer's own AWS settings that would send the SDK elsewhere. */
const conflictingVariables = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'];

/** Sets environment variables of this process, and deletes those that would send the SDK elsewhere. */
export const enterEnvironment = (variables: Record<string, string>): void => {
  for (const name of conflictingVariables) delete process.env[name];
  Object.assign(process.env, variables);
};

/** What the SDK needs to speak to the engine. The engine checks no credentials, but the SDK will not go without. */
export const engineEnvironment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
} as const;

export const tableNames = {
  CHANNELS_TABLE: 'client-channels-local',
  ACCESS_KEYS_TABLE: 'client-channels-access-keys-local',
} as const;

/** The environment in which the functions run on one machine: their own variables and the SDK's. */
export const functionEnvironment = (endpoint: string, cursorSecret: string) => ({
  ENVIRONMENT: 'local',
  ...tableNames,
  CURSOR_SECRET: cursorSecret,
  ...engineEnvironment,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
});

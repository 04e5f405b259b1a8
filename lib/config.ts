import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

/** The variables of every function behind the API. */
const service = z.object({
  /** The name of the environment. Keys of other environments are not valid here. */
  ENVIRONMENT: text,
  API_KEYS_TABLE: text,
  /** Any value turns on one line in the log for each request. Deployed functions have it; the local server does not. */
  LOG_REQUESTS: z.optional(text),
});

/** The variables of functions that read or write channels. */
const channels = z.object({ CHANNELS_TABLE: text });

/** The variables of functions that read or write the projections. */
const projections = z.object({ CHANNELS_TABLE: text, PROJECTIONS_TABLE: text });

/** The secrets of cursors: 32 bytes in hex. After a rotation, the previous one still opens cursors for a day. */
const cursors = z.object({
  CURSOR_SECRET: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  CURSOR_SECRET_PREVIOUS: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
});

/** The variables of functions whose responses have links. */
const publicUrl = z.object({
  /** The public address of the API. Without it, links are relative. */
  PUBLIC_URL: z.optional(text),
});

/** The variables of functions that publish metrics. */
const metrics = z.object({
  /** The namespace of the metrics in CloudWatch. Deployed functions have it. The local server does not: it has no metrics. */
  METRIC_NAMESPACE: z.optional(text),
});

/** The variables of the function that reads the history of channels. */
const history = z.object({ HISTORY_TABLE: text });

/** The variables of the function that numbers changes, keeps their history and publishes events. */
const events = z.object({ EVENT_BUS: text, PROJECTIONS_TABLE: text, HISTORY_TABLE: text });

/**
 * Reads the process's environment, once, when a function starts.
 * @throws Error that names each variable that is missing or malformed, without its value.
 */
const read = <Schema extends z.ZodMiniType>(schema: Schema): z.infer<Schema> => {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new Error(`Missing or malformed environment variable: ${names.join(', ')}`);
};

export const readProjectionsConfig = () => read(projections);
export const readChannelsConfig = () => read(channels);
export const readServiceConfig = () => read(service);
/** The secrets, as `sealText` and `openText` take them. */
export const readCursorSecrets = () => {
  const { CURSOR_SECRET: current, CURSOR_SECRET_PREVIOUS: previous } = read(cursors);
  return { current, previous };
};
export const readPublicUrlConfig = () => read(publicUrl);
export const readMetricsConfig = () => read(metrics);
export const readHistoryConfig = () => read(history);
export const readEventsConfig = () => read(events);

import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

/** The tables of which lists are read. */
const tables = z.object({ CHANNELS_TABLE: text, DIRECTORY_TABLE: text });

/** What every function behind the API needs to know of where it runs. */
const service = z.extend(tables, {
  /** The environment's name; keys of another environment are not valid here. */
  ENVIRONMENT: text,
  ACCESS_KEYS_TABLE: text,
  /** Anything: each request leaves a line in the log. Deployed functions have it; on one machine it would hide the rest. */
  LOG_REQUESTS: z.optional(text),
});

/** The secrets that seal cursors: 32 bytes in hex. The previous one opens cursors for a day after a rotation. */
const cursors = z.object({
  CURSOR_SECRET: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  CURSOR_SECRET_PREVIOUS: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
});

/** Where the publisher of events puts them: the name of an event bus. */
const events = z.object({ EVENT_BUS: text });

/**
 * Reads the process's environment, once, when a function starts.
 * @throws Error that names each variable that is missing or malformed; its value is never shown.
 */
const read = <Schema extends z.ZodMiniType>(schema: Schema): z.infer<Schema> => {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new Error(`Missing or malformed environment variable: ${names.join(', ')}`);
};

export const readTablesConfig = () => read(tables);
export const readServiceConfig = () => read(service);
export const readCursorConfig = () => read(cursors);
export const readEventsConfig = () => read(events);

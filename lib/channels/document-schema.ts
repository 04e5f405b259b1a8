import * as z from 'zod/mini';
import { channelIdFormat } from './channel-id.ts';
import { isObject } from './is-object.ts';

/** ISO 8601, UTC, with milliseconds. */
export const timeFormat = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const time = () => z.string().check(z.regex(timeFormat));

/** Zod's own `z.record` would add 3 KB to the functions that contain this schema. */
export const jsonObject = z.custom<Record<string, unknown>>(isObject);

/**
 * The document of a channel, as responses and events contain it. The TypeScript type, the schema of events and the OpenAPI
 * description are derived from it. It does not repeat the limits of names and namespaces: the schemas of request bodies
 * enforce these.
 */
export const channelDocument = z.strictObject({
  _id: z.string().check(z.regex(channelIdFormat)),
  name: z.string(),
  local_name: z.exactOptional(z.string()),
  disabled: z.boolean(),
  integration_meta: z.exactOptional(jsonObject),
  company_namespace: z.array(z.string()).check(z.minLength(1)),
  createdAt: time(),
  updatedAt: time(),
  __v: z.int().check(z.nonnegative()),
});

export type ChannelDocument = z.infer<typeof channelDocument>;

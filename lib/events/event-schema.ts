import * as z from 'zod/mini';
import { channelDocument, jsonObject, timeFormat } from '../channels/document-schema.ts';

/** The `source` of every event. */
export const source = 'client-channels';

/** Increases when a change of the schema could break consumers that read today's events: see docs/events.md. */
export const schemaVersion = 1 as const;

/** Descriptions, and keywords that Zod cannot derive, for the generated JSON Schema. */
const metadata = z.registry<Record<string, unknown>>();

const describe = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema => {
  metadata.add(schema, { description });
  return schema;
};

// Every object is loose: later versions may add fields, and a consumer must not reject an event because of them.
const channel = z.looseObject(channelDocument.shape);
metadata.add(jsonObject, {
  type: 'object',
  propertyNames: { type: 'string' },
  additionalProperties: {},
});
metadata.add(channel, {
  id: 'Channel',
  description: 'A channel, as the responses of the API contain it.',
});

const commonFields = {
  schema_version: z.literal(schemaVersion),
  id: describe(
    z.string().check(z.minLength(1)),
    'The id of the change. It stays the same when the event is delivered again or replayed. Compare it; do not parse it.',
  ),
  namespace: describe(
    z.string(),
    'The company namespace of the change. A shared channel has one event in each of its namespaces.',
  ),
  version: describe(
    z.int().check(z.nonnegative()),
    'The `__v` after the change. The events of a channel are ordered by it.',
  ),
  occurred_at: describe(
    z.string().check(z.regex(timeFormat)),
    'The time of the change. Order events by version, not by time.',
  ),
  actor: describe(z.string(), 'The id of the API key that made the change.'),
};
const changed = describe(
  z.array(z.string()),
  'The fields whose values differ between `previous` and `channel`, except `updatedAt` and `__v`.',
);
const unchanged = describe(z.array(z.string()).check(z.maxLength(0)), 'Always empty for this type of event.');
const none = z.null();

const event = <Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  z.looseObject({
    source: z.literal(source),
    'detail-type': z.literal(type),
    detail: z.looseObject({ ...commonFields, ...shape }),
  });

const created = event('ChannelCreated', { channel, previous: none, changed: unchanged });
const updated = event('ChannelUpdated', {
  channel,
  previous: describe(
    z.nullable(channel),
    'Null if a replay knows only the current channel; then `changed` is empty.',
  ),
  changed,
});
const deleted = event('ChannelDeleted', { channel: none, previous: channel, changed: unchanged });
metadata.add(created, {
  description: 'A channel was created, joined the namespace, or was restored after its deletion.',
});
metadata.add(updated, { description: 'A channel of the namespace was updated.' });
metadata.add(deleted, { description: 'A channel was deleted, or left the namespace.' });

const channelEvent = z.discriminatedUnion('detail-type', [created, updated, deleted]);

export type ChannelEvent = z.infer<typeof channelEvent>;

/** @throws Error that names the invalid fields of an event, without their values: these must not get into logs. */
export const checkEvent = (event: ChannelEvent): void => {
  const { success, error } = channelEvent.safeParse(event);
  if (success) return;
  const problems = error.issues.map(({ path, code }) => `${path.join('.')} (${code})`);
  throw new Error(`This is not a valid event: ${problems.join(', ')}`);
};

/** Describes the events as JSON Schema (draft 2020-12), for consumers. */
export const describeEvents = () => ({
  title: 'Events of the client channels',
  ...z.toJSONSchema(channelEvent, { metadata, unrepresentable: 'any' }),
});

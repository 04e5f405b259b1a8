import * as z from 'zod/mini';

/** What every event says of where it comes from. */
export const source = 'client-channels';

/** Grows when a consumer that reads today's events could misread tomorrow's: see docs/events.md. */
export const schemaVersion = 1 as const;

/** What people are told of a schema, in the JSON Schema that is drawn from it. */
const descriptions = z.registry<{ id?: string; title?: string; description?: string }>();

const describe = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema => {
  descriptions.add(schema, { description });
  return schema;
};

const time = () => z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/));
const version = () => z.int().check(z.nonnegative());

// Loose throughout: fields may be added, and who reads an event must not refuse what it does not know.
const channel = z.looseObject({
  _id: z.string().check(z.regex(/^[0-9a-f]{24}$/)),
  name: z.string(),
  local_name: z.optional(z.string()),
  disabled: z.boolean(),
  integration_meta: z.optional(z.record(z.string(), z.unknown())),
  company_namespace: z.array(z.string()).check(z.minLength(1)),
  createdAt: time(),
  updatedAt: time(),
  __v: version(),
});
descriptions.add(channel, { id: 'Channel', description: 'A channel, as the API answers it.' });

const commonFields = {
  schema_version: z.literal(schemaVersion),
  id: describe(
    z.string().check(z.minLength(1)),
    'Names the change: the same however often it is delivered or replayed. To be compared, not taken apart.',
  ),
  namespace: describe(
    z.string(),
    'The company namespace in which this happened; a shared channel has an event in each.',
  ),
  version: describe(version(), 'The `__v` of the change. It orders the events of a channel.'),
  occurred_at: describe(time(), 'When the change was made. Versions tell the order, times do not.'),
  actor: describe(z.string(), 'The id of the API key that made the change.'),
};
const changed = describe(z.array(z.string()), 'The fields that differ between `previous` and `channel`.');
const unchanged = describe(z.array(z.string()).check(z.maxLength(0)), 'Always empty here.');
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
    'Null where a replay knows the channel only as it is now; `changed` is empty then.',
  ),
  changed,
});
const deleted = event('ChannelDeleted', { channel: none, previous: channel, changed: unchanged });
descriptions.add(created, { description: 'A channel was created, or has joined the namespace.' });
descriptions.add(updated, { description: 'A channel of the namespace was changed.' });
descriptions.add(deleted, { description: 'A channel was deleted, or has left the namespace.' });

const channelEvent = z.discriminatedUnion('detail-type', [created, updated, deleted]);

export type ChannelEvent = z.infer<typeof channelEvent>;

/** @throws Error that names what is wrong with an event, and none of its values. */
export const checkEvent = (event: ChannelEvent): void => {
  const { success, error } = channelEvent.safeParse(event);
  if (success) return;
  const flaws = error.issues.map(({ path, code }) => `${path.join('.')} (${code})`);
  throw new Error(`This is no event: ${flaws.join(', ')}`);
};

/** The events as JSON Schema (draft 2020-12), for those who consume them. */
export const describeEvents = () => ({
  title: 'Events of the client channels',
  ...z.toJSONSchema(channelEvent, { metadata: descriptions }),
});

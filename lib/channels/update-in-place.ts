import type { Update } from '../dynamodb/table.ts';
import type { Channel } from './channel.ts';
import { metaKeys } from './index-keys.ts';
import { keys } from './keys.ts';
import { type WriteContext, changedFields, type Precondition } from './rules.ts';
import type { ChannelPatch } from './schema.ts';

/** The fields that no other item depends on: they can change without a transaction. */
const inPlaceFields = ['local_name', 'integration_meta'] as const;

/** Whether a patch changes such fields alone, in a channel of one namespace. */
export const isInPlace = (channel: Channel, patch: ChannelPatch): boolean =>
  channel.company_namespace.length === 1 &&
  changedFields(channel, patch).every((field) => inPlaceFields.some((each) => each === field));

/** Whether a patch may be a change of such fields alone. The whole document may be sent: the write itself will tell. */
export const mayBeInPlace = (patch: ChannelPatch): boolean =>
  inPlaceFields.some((field) => patch[field] !== undefined);

/** The keys of indexes that follow from what a patch changes; `null` where there is to be none. */
const changedKeys = ({ integration_meta }: ChannelPatch) => {
  if (integration_meta === undefined) return {};
  const { externalIdKey = null, metaIdKey = null } = metaKeys(integration_meta ?? undefined);
  return { externalIdKey, metaIdKey };
};

/**
 * The common update as one write, without reading first. Its condition says all that it takes for granted: that the
 * channel is there and in this namespace alone, that what a transaction would be needed for stays as it is, that
 * something changes, that the version is one the client knows, and that this is no repetition of a write which another
 * writer has followed since (one that nobody has followed changes nothing). Where it does not hold, DynamoDB answers the
 * item as it is, which tells why.
 *
 * @param clockIsBehind for a channel that was seen to be updated at or after `now`: its time then grows by 1 ms, in the
 * write itself, so that any number of such writers get past each other
 */
export const updateInPlace = (
  namespace: string,
  id: string,
  patch: ChannelPatch,
  precondition: Precondition,
  { caller, now, writeId }: WriteContext,
  clockIsBehind: boolean,
): Update => {
  const names: Record<string, string> = { '#v': '__v' };
  const values: Record<string, unknown> = {
    ':one': 1,
    ':now': now,
    ':writeId': writeId,
    ':writtenBy': caller.keyId,
  };
  const set = [
    clockIsBehind ? 'updatedAt = updatedAt + :one' : 'updatedAt = :now',
    '#v = #v + :one',
    'previousWriteId = writeId',
    'writeId = :writeId',
    'writtenBy = :writtenBy',
  ];
  const remove: string[] = [];
  const conditions = [
    'size(company_namespace) = :one',
    `updatedAt ${clockIsBehind ? '>=' : '<'} :now`,
    '(attribute_not_exists(previousWriteId) OR previousWriteId <> :writeId)',
  ];

  for (const field of ['name', 'disabled', 'company_namespace'] as const) {
    if (patch[field] === undefined) continue;
    names[`#${field}`] = field;
    values[`:${field}`] = patch[field];
    conditions.push(`#${field} = :${field}`);
  }

  const { local_name, integration_meta } = patch;
  const assigned = { local_name, integration_meta, ...changedKeys(patch) };
  for (const [attribute, value] of Object.entries(assigned)) {
    if (value === undefined) continue;
    if (value === null) {
      remove.push(attribute);
    } else {
      values[`:${attribute}`] = value;
      set.push(`${attribute} = :${attribute}`);
    }
  }
  const differences = inPlaceFields
    .filter((field) => patch[field] !== undefined)
    .map((field) =>
      patch[field] === null
        ? `attribute_exists(${field})`
        : `attribute_not_exists(${field}) OR ${field} <> :${field}`,
    );
  conditions.push(`(${differences.join(' OR ')})`);

  if (precondition && 'versions' in precondition) {
    const known = precondition.versions.map((version, index) => {
      values[`:known${index}`] = version;
      return `:known${index}`;
    });
    conditions.push(`#v IN (${known.join(', ')})`);
  }

  return {
    Key: keys.channel(namespace, id),
    UpdateExpression: `SET ${set.join(', ')}${remove.length ? ` REMOVE ${remove.join(', ')}` : ''}`,
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
};

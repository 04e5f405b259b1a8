import type { Update } from '../dynamodb/table.ts';
import type { ChannelPatch } from './body-schema.ts';
import { changedFields, type Precondition, type WriteContext } from './change-rules.ts';
import type { Channel } from './channel.ts';
import { metaKeys } from './index-keys.ts';
import { keys } from './keys.ts';

const externalKeyAttributes = ['externalIdKey', 'metaIdKey'] as const;

/** Whether a patch keeps the external ids in the metadata of a channel. */
const keepsExternalIds = (channel: Channel, { integration_meta }: ChannelPatch): boolean => {
  if (integration_meta === undefined) return true;
  const [before, after] = [metaKeys(channel.integration_meta), metaKeys(integration_meta ?? undefined)];
  return externalKeyAttributes.every((attribute) => before[attribute] === after[attribute]);
};

/**
 * Whether a patch of a known channel needs no transaction: only its metadata changes, but no external id, and there is only
 * one copy.
 */
export const isInPlace = (channel: Channel, patch: ChannelPatch): boolean =>
  channel.company_namespace.length === 1 &&
  changedFields(channel, patch).every((field) => field === 'integration_meta') &&
  keepsExternalIds(channel, patch);

/**
 * Whether a patch of an unknown channel may need no transaction. Clients may send whole documents: the write itself
 * decides.
 */
export const mayBeInPlace = (patch: ChannelPatch): boolean => patch.integration_meta !== undefined;

/**
 * The attributes on which other items depend, with the values that the patch gives them. They change in a transaction only.
 * `null` stands for no value.
 */
const attributesToKeep = ({
  name,
  local_name,
  disabled,
  company_namespace,
  integration_meta,
}: ChannelPatch) => {
  const { externalIdKey = null, metaIdKey = null } = metaKeys(integration_meta ?? undefined);
  const attributes = { name, local_name, disabled, company_namespace, externalIdKey, metaIdKey };
  return Object.entries(attributes).filter(([, value]) => value !== undefined);
};

/** The condition that an attribute has a value already. `null` stands for no value. */
const hasValue = (attribute: string, value: unknown): string =>
  value === null ? `attribute_not_exists(#${attribute})` : `#${attribute} = :${attribute}`;

/** The condition that the metadata changes. */
const metaDiffers = ({ integration_meta }: ChannelPatch): string =>
  integration_meta === null
    ? 'attribute_exists(integration_meta)'
    : '(attribute_not_exists(integration_meta) OR integration_meta <> :integration_meta)';

/**
 * Plans the common update as one write, without reading first. Its condition checks everything that this relies on:
 * - the channel exists, and only in this namespace;
 * - the fields that would need a transaction keep their values, and so do the external ids;
 * - the update changes something;
 * - the client knows the stored version (`If-Match`);
 * - no other write has followed an earlier attempt of this write. (If none has, a repetition changes nothing, and the
 *   third check refuses it.)
 *
 * If the condition fails, DynamoDB returns the item, which shows the reason.
 * @param patch with `integration_meta`
 * @param clockIsBehind whether the channel was updated at or after `now`. Its time then grows by 1 ms within the write, so
 * that any number of such writers can succeed one after the other. But the condition then holds again after other writes,
 * so the update must not be sent again if its answer is lost.
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

  for (const [attribute, value] of attributesToKeep(patch)) {
    names[`#${attribute}`] = attribute;
    if (value !== null) values[`:${attribute}`] = value;
    conditions.push(hasValue(attribute, value));
  }

  const { integration_meta } = patch;
  if (integration_meta === null) {
    remove.push('integration_meta');
  } else {
    values[':integration_meta'] = integration_meta;
    set.push('integration_meta = :integration_meta');
  }
  conditions.push(metaDiffers(patch));

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

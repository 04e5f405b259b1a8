import type { Update } from '../dynamodb/table.ts';
import type { ChannelPatch } from './body-schema.ts';
import { changedFields, type Precondition, type WriteContext } from './change-rules.ts';
import type { Channel } from './channel.ts';
import { metaKeys } from './index-keys.ts';
import { keys } from './keys.ts';

/** The fields on which other items depend. They change in a transaction only. */
const transactionFields = ['name', 'local_name', 'disabled', 'company_namespace'] as const;

/** Whether a patch of a known channel needs no transaction: only its metadata changes, and there is only one copy. */
export const isInPlace = (channel: Channel, patch: ChannelPatch): boolean =>
  channel.company_namespace.length === 1 &&
  changedFields(channel, patch).every((field) => field === 'integration_meta');

/**
 * Whether a patch of an unknown channel may need no transaction. Clients may send whole documents: the write itself
 * decides.
 */
export const mayBeInPlace = (patch: ChannelPatch): boolean => patch.integration_meta !== undefined;

/** The index keys that a patch changes. `null` removes a key. */
const changedKeys = ({ integration_meta }: ChannelPatch) => {
  if (integration_meta === undefined) return {};
  const { externalIdKey = null, metaIdKey = null } = metaKeys(integration_meta ?? undefined);
  return { externalIdKey, metaIdKey };
};

/** The condition that a field has a value already. `null` stands for no value. */
const hasValue = (field: string, value: unknown): string =>
  value === null ? `attribute_not_exists(#${field})` : `#${field} = :${field}`;

/** The condition that the metadata changes. */
const metaDiffers = ({ integration_meta }: ChannelPatch): string =>
  integration_meta === null
    ? 'attribute_exists(integration_meta)'
    : '(attribute_not_exists(integration_meta) OR integration_meta <> :integration_meta)';

/**
 * Plans the common update as one write, without reading first. Its condition checks everything that this relies on:
 * - the channel exists, and only in this namespace;
 * - the fields that would need a transaction keep their values;
 * - the update changes something;
 * - the client knows the stored version (`If-Match`);
 * - no other write has followed an earlier attempt of this write. (If none has, a repetition changes nothing, and the
 *   third check refuses it.)
 *
 * If the condition fails, DynamoDB returns the item, which shows the reason.
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

  for (const field of transactionFields) {
    const value = patch[field];
    if (value === undefined) continue;
    names[`#${field}`] = field;
    if (value !== null) values[`:${field}`] = value;
    conditions.push(hasValue(field, value));
  }

  const { integration_meta } = patch;
  for (const [attribute, value] of Object.entries({ integration_meta, ...changedKeys(patch) })) {
    if (value === null) {
      remove.push(attribute);
    } else {
      values[`:${attribute}`] = value;
      set.push(`${attribute} = :${attribute}`);
    }
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

import type { Update } from '../dynamodb/table.ts';
import type { ChannelPatch } from './body-schema.ts';
import { changedFields, type Precondition, type WriteContext } from './change-rules.ts';
import type { Channel } from './channel.ts';
import { metaKeys } from './index-keys.ts';
import { keys } from './keys.ts';

/**
 * The fields on which no other item depends, apart from the external keys in the metadata. They can change without a
 * transaction.
 */
const inPlaceFields = ['local_name', 'integration_meta'] as const;

const keyAttributes = ['externalIdKey', 'metaIdKey'] as const;

/** Whether a patch keeps the external ids in the metadata of a channel. */
const keepsKeys = (channel: Channel, { integration_meta }: ChannelPatch): boolean => {
  if (integration_meta === undefined) return true;
  const [before, after] = [metaKeys(channel.integration_meta), metaKeys(integration_meta ?? undefined)];
  return keyAttributes.every((attribute) => before[attribute] === after[attribute]);
};

/**
 * Whether a patch of a known channel needs no transaction: only such fields change, its external ids stay, and there is
 * only one copy.
 */
export const isInPlace = (channel: Channel, patch: ChannelPatch): boolean =>
  channel.company_namespace.length === 1 &&
  changedFields(channel, patch).every((field) => inPlaceFields.some((each) => each === field)) &&
  keepsKeys(channel, patch);

/**
 * Whether a patch of an unknown channel may need no transaction. Clients may send whole documents: the write itself
 * decides.
 */
export const mayBeInPlace = (patch: ChannelPatch): boolean =>
  inPlaceFields.some((field) => patch[field] !== undefined);

/** The conditions that the stored external ids are those of the new metadata. */
const keysUnchanged = ({ integration_meta }: ChannelPatch) => {
  const wanted = metaKeys(integration_meta ?? undefined);
  const checked = integration_meta === undefined ? [] : keyAttributes;
  const present = checked.filter((attribute) => wanted[attribute] !== undefined);
  return {
    conditions: checked.map((attribute) =>
      wanted[attribute] === undefined ? `attribute_not_exists(${attribute})` : `${attribute} = :${attribute}`,
    ),
    values: Object.fromEntries(present.map((attribute) => [`:${attribute}`, wanted[attribute]])),
  };
};

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

  for (const field of ['name', 'disabled', 'company_namespace'] as const) {
    if (patch[field] === undefined) continue;
    names[`#${field}`] = field;
    values[`:${field}`] = patch[field];
    conditions.push(`#${field} = :${field}`);
  }

  for (const field of inPlaceFields) {
    const value = patch[field];
    if (value === undefined) continue;
    if (value === null) {
      remove.push(field);
    } else {
      values[`:${field}`] = value;
      set.push(`${field} = :${field}`);
    }
  }
  const kept = keysUnchanged(patch);
  conditions.push(...kept.conditions);
  Object.assign(values, kept.values);

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

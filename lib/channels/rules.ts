import type { Caller } from '../auth/authenticate.ts';
import { ApiError } from '../errors.ts';
import type { Channel } from './channel.ts';
import type { CreateChannelInput, ChannelPatch } from './schema.ts';

/** Who writes, when (milliseconds since the epoch), and the name of this one write. */
export interface WriteContext {
  caller: Caller;
  now: number;
  writeId: string;
}

/** Tells whether the version that a request is about is still the channel's: see `readIfMatch` in the HTTP room. */
export type Precondition = { anyVersion: true } | { versions: number[] } | undefined;

const changeableFields = ['name', 'local_name', 'disabled', 'integration_meta', 'company_namespace'] as const;
export type ChangeableField = (typeof changeableFields)[number];

const without = (names: string[], others: string[]) => names.filter((name) => !others.includes(name));

/** @throws ApiError `forbidden` where a key would put a channel into, or take it out of, a namespace it does not hold. */
const requireNamespaces = (caller: Caller, from: string[], to: string[]): void => {
  const moved = [...without(to, from), ...without(from, to)];
  const foreign = without(moved, caller.namespaces);
  if (foreign.length)
    throw new ApiError('forbidden', `This API key does not hold the namespace "${foreign[0]}".`, {
      details: foreign.map((name) => ({ path: 'company_namespace', message: `"${name}" is not yours` })),
    });
};

export const notFound = () => new ApiError('not_found', 'There is no such channel.');

const checkPrecondition = (channel: Channel, precondition: Precondition): void => {
  if (!precondition || 'anyVersion' in precondition || precondition.versions.includes(channel.__v)) return;
  throw new ApiError(
    'precondition_failed',
    'The channel is not at the version that "If-Match" names: read it again for its ETag, quotes included, then repeat.',
  );
};

/** A new channel, in the request's namespace unless the draft names others. */
export const newChannel = (draft: CreateChannelInput, _id: string, { caller, now, writeId }: WriteContext): Channel => {
  const company_namespace = draft.company_namespace ?? [caller.namespace];
  requireNamespaces(caller, [], company_namespace);
  const { name, local_name, disabled = false, integration_meta } = draft;
  return {
    _id,
    name,
    ...(local_name !== undefined && { local_name }),
    disabled,
    ...(integration_meta !== undefined && { integration_meta }),
    company_namespace,
    updatedAt: now,
    __v: 0,
    writeId,
    writtenBy: caller.keyId,
  };
};

const isSame = (a: unknown, b: unknown) =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => x === b[i]));

/** The fields whose value a patch would change. */
export const changedFields = (channel: Channel, patch: ChannelPatch): ChangeableField[] =>
  changeableFields.filter((field) => {
    const value = patch[field];
    return value !== undefined && !isSame(value ?? undefined, channel[field]);
  });

/**
 * The channel as a patch would make it, or the very same where it would change nothing.
 * @throws ApiError `not_found`, `forbidden`, `precondition_failed`: in this order, where several apply.
 */
export const applyPatch = (
  channel: Channel | undefined,
  patch: ChannelPatch,
  precondition: Precondition,
  { caller, now, writeId }: WriteContext,
): Channel => {
  if (!channel) throw notFound();
  if (patch.company_namespace) requireNamespaces(caller, channel.company_namespace, patch.company_namespace);
  checkPrecondition(channel, precondition);
  const changed = changedFields(channel, patch);
  if (!changed.length) return channel;

  const kept = Object.entries(channel).filter(([field]) => !changed.some((name) => name === field));
  const set = changed.filter((field) => patch[field] !== null).map((field) => [field, patch[field]]);
  return {
    ...(Object.fromEntries([...kept, ...set]) as Channel),
    updatedAt: Math.max(now, channel.updatedAt + 1),
    __v: channel.__v + 1,
    writeId,
    previousWriteId: channel.writeId,
    writtenBy: caller.keyId,
  };
};

/**
 * The channel that a deletion may delete.
 * @throws ApiError `not_found`; `forbidden` where it is shared with a namespace that the key does not hold;
 * `precondition_failed`.
 */
export const checkDeletion = (
  channel: Channel | undefined,
  precondition: Precondition,
  { caller }: WriteContext,
): Channel => {
  if (!channel) throw notFound();
  requireNamespaces(caller, channel.company_namespace, []);
  checkPrecondition(channel, precondition);
  return channel;
};

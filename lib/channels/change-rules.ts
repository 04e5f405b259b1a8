import { ApiError } from '../api-error.ts';
import type { Caller } from '../auth/authenticate.ts';
import type { ChannelPatch, CreateChannelInput } from './body-schema.ts';
import type { Channel } from './channel.ts';

/** Who makes a write, and when. */
export interface WriteContext {
  caller: Caller;
  /** Milliseconds since the epoch. */
  now: number;
  /** Names this one write, so that a repeated write recognises its own work. */
  writeId: string;
}

/**
 * The versions that a request accepts, from its `If-Match` header (see `lib/http/etag.ts`). Undefined without the
 * header.
 */
export type Precondition = { anyVersion: true } | { versions: number[] } | undefined;

const changeableFields = ['name', 'local_name', 'disabled', 'integration_meta', 'company_namespace'] as const;
export type ChangeableField = (typeof changeableFields)[number];

const without = (names: string[], others: string[]) => names.filter((name) => !others.includes(name));

/** @throws ApiError `forbidden` if a channel would join or leave a namespace that the key does not hold */
export const requireNamespaces = (caller: Caller, from: string[], to: string[]): void => {
  const moved = [...without(to, from), ...without(from, to)];
  const foreign = without(moved, caller.namespaces);
  if (foreign.length)
    throw new ApiError('forbidden', `This API key does not hold the namespace "${foreign[0]}".`, {
      details: foreign.map((name) => ({ path: 'company_namespace', message: `"${name}" is not yours` })),
    });
};

export const notFound = () => new ApiError('not_found', 'There is no such channel.');

/** @throws ApiError `not_found` */
export const existing = (channel: Channel | undefined): Channel => {
  if (!channel) throw notFound();
  return channel;
};

const checkPrecondition = (channel: Channel, precondition: Precondition): void => {
  if (!precondition || 'anyVersion' in precondition || precondition.versions.includes(channel.__v)) return;
  throw new ApiError(
    'precondition_failed',
    'The channel is not at the version that "If-Match" names: read it again for its ETag, quotes included, then repeat.',
  );
};

/**
 * Makes a new channel. It belongs to the request's namespace unless the input names others.
 * @throws ApiError `forbidden` for a namespace that the key does not hold
 */
export const newChannel = (
  input: CreateChannelInput,
  _id: string,
  { caller, now, writeId }: WriteContext,
): Channel => {
  const company_namespace = input.company_namespace ?? [caller.namespace];
  requireNamespaces(caller, [], company_namespace);
  const { name, local_name, disabled, integration_meta } = input;
  return {
    _id,
    name,
    ...(local_name && { local_name }),
    disabled: disabled ?? false,
    ...(integration_meta && { integration_meta }),
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
 * Applies a patch to a channel. `updatedAt` never goes back: if the clock is behind, it grows by 1 ms.
 * @returns the next version, or undefined if the patch changes nothing
 * @throws ApiError `forbidden` or `precondition_failed`; if both apply, `forbidden`
 */
export const applyPatch = (
  channel: Channel,
  patch: ChannelPatch,
  precondition: Precondition,
  { caller, now, writeId }: WriteContext,
): Channel | undefined => {
  if (patch.company_namespace) requireNamespaces(caller, channel.company_namespace, patch.company_namespace);
  checkPrecondition(channel, precondition);
  const changed = changedFields(channel, patch);
  if (!changed.length) return undefined;

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
 * Checks that a request may delete a channel.
 * @throws ApiError `forbidden` if the channel is shared with a namespace that the key does not hold;
 * `precondition_failed`. If both apply, `forbidden`
 */
export const checkDeletion = (channel: Channel, precondition: Precondition, caller: Caller): void => {
  requireNamespaces(caller, channel.company_namespace, []);
  checkPrecondition(channel, precondition);
};

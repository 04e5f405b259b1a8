import { ApiError } from '../api-error.ts';
import type { Precondition } from '../channels/change-rules.ts';

/** The entity tag of a channel: its version. It changes with every change of the channel, and only then. */
export const etagOf = ({ __v }: { __v: number }): string => `"${__v}"`;

/**
 * A condition compares with at most 100 values (Amazon DynamoDB Developer Guide, "Comparison operator and function
 * reference", IN).
 */
const maxTags = 100;
/** Stands for a tag that no version of a channel has. */
const noVersion = -1;

const tagsIn = (header: string) => header.match(/(?:W\/)?"[^"]*"/g) ?? [];

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1). The comparison is strong: weak tags never match. Neither does any
 * other text that is not the tag of a channel.
 * @throws ApiError `invalid_request` for more than 100 tags
 */
export const readIfMatch = (header: string | undefined): Precondition => {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return { anyVersion: true };
  const versions = tagsIn(header).map((tag) =>
    /^"(?:0|[1-9]\d{0,14})"$/.test(tag) ? Number(tag.slice(1, -1)) : noVersion,
  );
  if (versions.length > maxTags)
    throw new ApiError('invalid_request', `"If-Match" may hold at most ${maxTags} entity tags.`);
  return { versions: versions.length ? versions : [noVersion] };
};

/** Whether `If-None-Match` (RFC 9110, section 13.1.2) names this version. The comparison is weak. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || tagsIn(header).some((tag) => tag.replace(/^W\//, '') === etag));

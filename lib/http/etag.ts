import type { Precondition } from '../channels/rules.ts';
import { ApiError } from '../errors.ts';

/** A channel's entity tag is its version: it changes with every change, and with nothing else. */
export const etagOf = ({ __v }: { __v: number }): string => `"${__v}"`;

/** DynamoDB compares with at most 100 values (Comparison Operator and Function Reference, IN). */
const maxTags = 100;
/** Stands for the tags that no version of a channel has. */
const noVersion = -1;

const tagsIn = (header: string) => header.match(/(?:W\/)?"[^"]*"/g) ?? [];

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1). Its comparison is strong: a weak tag never matches, nor does anything
 * that is no tag of a channel.
 * @throws ApiError `invalid_request` for more than 100 tags.
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

/** Whether `If-None-Match` (RFC 9110, section 13.1.2) says that the client has this version. Its comparison is weak. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || tagsIn(header).some((tag) => tag.replace(/^W\//, '') === etag));

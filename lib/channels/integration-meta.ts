import canonicalize from 'canonicalize';
import { invalidRequest } from '../api-error.ts';
import { maxMetaDepth } from './scalar-at.ts';

const maxBytes = 64 * 1024;

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Goes down level by level instead of by recursion: a client may send JSON so deep that recursion overflows the stack. */
const isDeeperThan = (levels: number, root: object): boolean => {
  let level: object[] = [root];
  for (let depth = 1; level.length; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
};

/** Finds a value that JSON text cannot represent: a lone surrogate or a number that is not finite. */
const problemOf = (value: unknown): string | undefined => {
  if (typeof value === 'string' && !value.isWellFormed())
    return 'contains a lone surrogate, which is not a character';
  if (typeof value === 'number' && !Number.isFinite(value))
    return 'contains a number beyond the range of a double';
  if (!isContainer(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const problem = problemOf(key) ?? problemOf(inner);
    if (problem) return problem;
  }
  return undefined;
};

/** Finds the integers that `parseExactJson` keeps as a bigint, because a double would round them. */
const inexactIntegers = (value: unknown, path: string[] = []): string[][] => {
  if (typeof value === 'bigint') return [path];
  if (!isContainer(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => inexactIntegers(inner, [...path, key]));
};

/** A problem with a value inside of `integration_meta`, or with the whole object: then the path is empty. */
interface MetaProblem {
  path: string[];
  message: string;
}

type MetaProblems = [MetaProblem, ...MetaProblem[]];

const ofWhole = (message: string): MetaProblems => [{ path: [], message }];

/**
 * The problems with an object, except its size, as messages for the client. Allows 16 levels of objects and arrays.
 * @param value as `parseExactJson` parsed it
 */
export const problemsOfMeta = (value: object): MetaProblems | undefined => {
  if (isDeeperThan(maxMetaDepth, value)) return ofWhole(`is nested more than ${maxMetaDepth} levels deep`);
  const problem = problemOf(value);
  if (problem) return ofWhole(problem);
  const [first, ...others] = inexactIntegers(value).map((path) => ({
    path,
    message: 'is an integer that no double holds exactly: send it as a string',
  }));
  return first && [first, ...others];
};

/**
 * Serializes a JSON object to the text that is stored. Sorts the keys at every level (RFC 8785), so that equal objects
 * become equal texts. Allows 64 KiB of UTF-8.
 * @param value as `parseExactJson` parsed it
 * @returns the text, or the problems with the object (see `problemsOfMeta`), as messages for the client
 */
export const serializeIntegrationMeta = (value: object): { text: string } | { problems: MetaProblems } => {
  const problems = problemsOfMeta(value);
  if (problems) return { problems };
  const text = canonicalize(value) as string;
  return Buffer.byteLength(text) > maxBytes
    ? { problems: ofWhole(`is larger than ${maxBytes / 1024} KiB`) }
    : { text };
};

/**
 * Serializes metadata that the service has put together. Otherwise like `serializeIntegrationMeta`.
 * @param when ends the message for the client, as in " after the merge"
 * @throws ApiError `invalid_request`, for example beyond 64 KiB
 */
export const toMetaText = (value: object, when = ''): string => {
  const result = serializeIntegrationMeta(value);
  if ('text' in result) return result.text;
  const [{ message }] = result.problems;
  throw invalidRequest('field', [{ path: 'integration_meta', message: message + when }]);
};

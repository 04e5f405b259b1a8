import canonicalize from 'canonicalize';

const maxBytes = 64 * 1024;
const maxDepth = 16;

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Walks level by level, not by recursion: JSON of any depth may arrive, and a stack is finite. */
const isDeeperThan = (levels: number, root: object): boolean => {
  let level: object[] = [root];
  for (let depth = 1; level.length; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
};

/** Whether a parsed value holds only what JSON text can say and bring back: whole characters, finite numbers. */
const problemOf = (value: unknown): string | undefined => {
  if (typeof value === 'string' && !value.isWellFormed())
    return 'holds a lone surrogate, which is no character';
  if (typeof value === 'number' && !Number.isFinite(value))
    return 'holds a number beyond the range of a double';
  if (!isContainer(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const problem = problemOf(key) ?? problemOf(inner);
    if (problem) return problem;
  }
  return undefined;
};

/**
 * Any JSON object as the text in which it is stored: keys sorted at every level (RFC 8785), so that equal objects are
 * equal texts. At most 16 levels of objects and arrays, and 64 KiB of UTF-8.
 * @returns the text, or what is wrong with the object, for a person.
 */
export const readIntegrationMeta = (value: object): { text: string } | { flaw: string } => {
  if (isDeeperThan(maxDepth, value)) return { flaw: `is nested more than ${maxDepth} levels deep` };
  const problem = problemOf(value);
  if (problem) return { flaw: problem };
  const text = canonicalize(value) as string;
  return Buffer.byteLength(text) > maxBytes ? { flaw: `is larger than ${maxBytes / 1024} KiB` } : { text };
};

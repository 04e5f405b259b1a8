/** Stands between a suffix and an id: no name holds it, so a suffix ends where it ought to. */
const separator = '\u0000';

/**
 * Partitions of a namespace's entries: one takes 1,000 write units a second, which is 30 names of 20 letters, and channels are
 * created faster than that. What begins alike stands together, so that a query reads one.
 */
const partitions = 16;

const partitionOf = (namespace: string, text: string) =>
  `WORDS#${namespace}#${(text.codePointAt(0) ?? 0) % partitions}`;

/** That a channel's folded name has a word with this suffix. The whole name is there too, so that other words can be sought in it. */
export interface SuffixEntry {
  pk: string;
  sk: string;
  name: string;
}

/** Characters of a suffix that its key holds: what they leave in doubt, the name tells. */
const maxSuffixCharacters = 64;

const cut = (text: string) => [...text].slice(0, maxSuffixCharacters).join('');

const suffixesOf = (word: string): string[] => {
  const characters = [...word];
  return characters.map((_, start) => characters.slice(start, start + maxSuffixCharacters).join(''));
};

/**
 * Every suffix of every word of a folded name, cut to 64 characters: whatever stands inside a word begins one of them. Who
 * asks for more has to compare the name.
 */
export const suffixEntries = (namespace: string, id: string, folded: string): SuffixEntry[] => {
  const suffixes = new Set(folded.split(' ').flatMap(suffixesOf));
  return [...suffixes].map((suffix) => ({
    pk: partitionOf(namespace, suffix),
    sk: `${suffix}${separator}${id}`,
    name: folded,
  }));
};

/** The entries of all words that hold this text, as a query of the directory. */
export const entriesContaining = (namespace: string, text: string) => ({
  KeyConditionExpression: 'pk = :pk AND begins_with(sk, :text)',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace, text), ':text': cut(text) },
  ConsistentRead: true,
});

/** All entries of a namespace, as queries of the directory. */
export const allSuffixEntries = (namespace: string) =>
  Array.from({ length: partitions }, (_, first) => ({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': partitionOf(namespace, String.fromCodePoint(first)) },
    ConsistentRead: true,
  }));

export const idOfEntry = (sk: string): string => sk.slice(sk.lastIndexOf(separator) + separator.length);

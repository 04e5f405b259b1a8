import { wordsIn } from '../../channels/searchable-text.ts';

/** Separates a suffix from an id. No name contains this character, so that every suffix has a clear end. */
const separator = '\u0000';

/**
 * The partitions of a namespace's suffix entries. One partition takes 1,000 write units a second, which is 29 names of 20
 * letters, and channels are created faster than that. Suffixes with the same first letter share a partition, so that a query
 * reads only one.
 */
const partitions = 16;

const partitionOf = (namespace: string, text: string) =>
  `SUFFIX#${namespace}#${(text.codePointAt(0) ?? 0) % partitions}`;

/** The namespace in the partition key of suffix entries, or undefined for any other partition key. */
export const namespaceOfEntry = (partition: string): string | undefined =>
  /^SUFFIX#(.+)#\d+$/.exec(partition)?.[1];

/** Says that a word of a channel's folded names ends with this suffix. */
export interface SuffixEntry {
  pk: string;
  sk: string;
  /** The searchable text of the channel, so that a reader can look for other terms in it. */
  name: string;
}

/** The maximum characters of a suffix in a key. The searchable text contains the rest. */
const maxSuffixCharacters = 64;

const cut = (text: string) => [...text].slice(0, maxSuffixCharacters).join('');

const suffixesOf = (word: string): string[] => {
  const characters = [...word];
  return characters.map((_, start) => characters.slice(start, start + maxSuffixCharacters).join(''));
};

/**
 * The suffix entries of a searchable text: one for every suffix of every word, cut to 64 characters. Any text inside a
 * word begins one of its suffixes. A reader that looks for a longer text has to compare the searchable text.
 */
export const suffixEntries = (namespace: string, id: string, searchable: string): SuffixEntry[] => {
  const suffixes = new Set(wordsIn(searchable).flatMap(suffixesOf));
  return [...suffixes].map((suffix) => ({
    pk: partitionOf(namespace, suffix),
    sk: `${suffix}${separator}${id}`,
    name: searchable,
  }));
};

/** A query for the suffix entries of all words that contain a text. */
export const entriesContaining = (namespace: string, text: string) => ({
  KeyConditionExpression: 'pk = :pk AND begins_with(sk, :text)',
  ExpressionAttributeValues: { ':pk': partitionOf(namespace, text), ':text': cut(text) },
  ConsistentRead: true,
});

/** Queries for all suffix entries of a namespace, one for each partition. */
export const allSuffixEntries = (namespace: string) =>
  Array.from({ length: partitions }, (_, first) => ({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': partitionOf(namespace, String.fromCodePoint(first)) },
    ConsistentRead: true,
  }));

export const idOfEntry = (sk: string): string => sk.slice(sk.lastIndexOf(separator) + separator.length);

import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { type ExpectedQuery, expectedList } from '../support/oracle.ts';
import type { Random } from '../support/random.ts';
import type { Service } from '../support/service.ts';
import { findWrongExternalKeys } from '../support/whole-partitions.ts';

type Ask = (query: string) => Promise<{ data: ChannelDocument[]; pagination: Record<string, unknown> }>;

const readAll = async (ask: Ask, query: string): Promise<ChannelDocument[]> => {
  const channels: ChannelDocument[] = [];
  let cursor: unknown;
  do {
    const { data, pagination } = await ask(`per_page=100&${query}${cursor ? `&cursor=${cursor}` : ''}`);
    channels.push(...data);
    cursor = pagination.next_cursor;
  } while (cursor);
  return channels;
};

const asStored = ({ _id, integration_meta: meta }: ChannelDocument) => ({
  _id,
  ...(meta && { integration_meta: JSON.stringify(meta) }),
});

/** A part of the text of a channel, or of both its names. */
const someText = ({ name, local_name }: ChannelDocument, random: Random): string => {
  const text = random.next() < 0.5 ? name : `${local_name ?? ''} ${name}`;
  const from = random.below(text.length - 2);
  return text.slice(from, from + 3 + random.below(text.length)).trim();
};

/** Queries by external ids and searches that find some of these channels. */
const someQueries = (
  listed: ChannelDocument[],
  random: Random,
  searches: number,
): [string, ExpectedQuery][] => {
  const sort = [{ field: '_id' as const, descending: false }];
  const byIds = ['external_id', 'id'].map((key): [string, ExpectedQuery] => {
    const value = `${random.pick(listed)?.integration_meta?.[key] ?? 'nobody'}`;
    return [`integration_meta.${key}=${value}`, { meta: [{ path: [key], values: [value] }], sort }];
  });
  const texts = listed.length
    ? Array.from({ length: searches }, () => someText(random.pick(listed), random))
    : [];
  const bySearch = texts
    .filter((search) => search)
    .map((search): [string, ExpectedQuery] => [`search=${encodeURIComponent(search)}`, { search, sort }]);
  return [...byIds, ...bySearch];
};

const isEqual = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What the lists of all namespaces show in the end. */
export interface Listed {
  /** Each channel once, by id. */
  channels: Map<string, ChannelDocument>;
  /** Sentences about lists, totals, copies and searches that contradict each other. */
  contradictions: string[];
}

/** Reads all channels of some namespaces, and compares totals, copies, external keys and searches with them. */
export const compareLists = async (
  service: Service,
  {
    namespaces,
    key,
    random,
    searches,
  }: {
    namespaces: string[];
    key: string;
    random: Random;
    /** How many searches to compare in each namespace. */
    searches: number;
  },
): Promise<Listed> => {
  const channels = new Map<string, ChannelDocument>();
  const contradictions: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (!isEqual(actual, expected)) contradictions.push(`${what}: ${JSON.stringify(actual)?.slice(0, 300)}`);
  };
  const lists = new Map<string, ChannelDocument[]>();
  const askIn =
    (namespace: string): Ask =>
    async (query) => {
      const headers = { 'x-company-namespace': namespace };
      return (await service.call(`GET /client-channel?${query}`, { key, headers })).body;
    };

  for (const namespace of namespaces) {
    const listed = await readAll(askIn(namespace), 'sort=_id');
    lists.set(namespace, listed);
    for (const channel of listed) {
      expect(`the copy of ${channel._id} in ${namespace}`, channel, channels.get(channel._id) ?? channel);
      channels.set(channel._id, channel);
    }
  }
  for (const [namespace, listed] of lists) {
    const ask = askIn(namespace);
    const totalOf = async (query: string) => (await ask(query)).pagination.total;
    const count = (isCounted: (channel: ChannelDocument) => boolean) => listed.filter(isCounted).length;
    const own = [...channels.values()].filter((each) => each.company_namespace.includes(namespace));
    expect(
      `the channels of ${namespace}`,
      listed.map(({ _id }) => _id),
      own.map(({ _id }) => _id).sort(),
    );
    expect(`the total of ${namespace}`, await totalOf(''), listed.length);
    expect(
      `the disabled of ${namespace}`,
      await totalOf('disabled=true'),
      count(({ disabled }) => disabled),
    );
    expect(
      `the enabled of ${namespace}`,
      await totalOf('disabled=false'),
      count(({ disabled }) => !disabled),
    );
    contradictions.push(...(await findWrongExternalKeys(service.channels, namespace, listed.map(asStored))));
    for (const [query, filter] of someQueries(listed, random, searches)) {
      const found = await readAll(ask, `sort=_id&${query}`);
      expect(`the list by ${query} in ${namespace}`, found, expectedList(listed, filter));
    }
  }
  return { channels, contradictions };
};

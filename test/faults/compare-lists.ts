import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { expectedList } from '../support/oracle.ts';
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
    const withText = listed.map(({ _id, integration_meta: meta }) => ({
      _id,
      ...(meta && { integration_meta: JSON.stringify(meta) }),
    }));
    contradictions.push(...(await findWrongExternalKeys(service.channels, namespace, withText)));
    const sort = [{ field: '_id' as const, descending: false }];
    for (const key of ['external_id', 'id']) {
      const value = `${random.pick(listed)?.integration_meta?.[key] ?? 'x'}`;
      const found = await readAll(ask, `sort=_id&integration_meta.${key}=${value}`);
      const expected = expectedList(listed, { meta: [{ path: [key], values: [value] }], sort });
      expect(`the look-up of ${key} ${value} in ${namespace}`, found, expected);
    }
    const names = listed.map(({ name }) => name);
    for (let made = 0; made < searches && names.length; made++) {
      const name = random.pick(names);
      const from = random.below(name.length - 2);
      const search = name.slice(from, from + 3 + random.below(name.length)).trim();
      if (!search) continue;
      const found = await readAll(ask, `sort=_id&search=${encodeURIComponent(search)}`);
      expect(`the search for "${search}" in ${namespace}`, found, expectedList(listed, { search, sort }));
    }
  }
  return { channels, contradictions };
};

import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';
import { claimOfReply, claimOfRow, type KeyedWrite } from './keyed-write.ts';
import {
  isContested,
  isPosted,
  isSpare,
  type KeyPath,
  keysFor,
  keysIn,
  metaOf,
  pathOf,
} from './upsert-keys.ts';

export interface UpsertRecords {
  writes: KeyedWrite[];
  /** Answers that no request may get, such as 500. */
  unexpected: string[];
  statuses: Record<string, number>;
}

type Fields = Record<string, unknown>;
interface PlannedRow extends Pick<KeyedWrite, 'key' | 'isDeletion' | 'mark' | 'newNamespaces'> {
  body: Fields;
}
/** Who sends a request, and where it acts. */
interface Caller {
  namespace: string;
  held: string[];
  apiKey: string;
}
const sources = ['sap', 'oracle'];

/** Each item as often as its weight says, to pick one at random. */
const repeat = <Item>(weighted: [weight: number, item: Item][]): Item[] =>
  weighted.flatMap(([weight, item]) => Array.from({ length: weight }, () => item));

/** @returns sentences about a wrong summary, and about rows that repeat the key of an earlier row and are not refused */
// biome-ignore lint/suspicious/noExplicitAny: the response of the service
const judgeEnvelope = (rows: PlannedRow[], { data, summary }: any): string[] => {
  const isRight = Object.entries(summary).every(
    ([result, count]) => data.filter((row: { result: string }) => row.result === result).length === count,
  );
  const repeated = rows.flatMap(({ key }, index) =>
    rows.findIndex((row) => row.key === key) < index && data[index].code !== 'duplicate_in_request'
      ? [`the second row of ${key} is ${JSON.stringify(data[index])}`]
      : [],
  );
  return [...(isRight ? [] : [`the summary is ${JSON.stringify(summary)}`]), ...repeated];
};

export interface UpsertClientOptions {
  /** Two namespaces. */
  namespaces: [string, string];
  /** An API key of both, and one of the second alone. */
  apiKeys: [string, string];
  random: Random;
  clients: number;
  keys: number;
  /** How many rows an upsert has at most. */
  maxRows: number;
  /** How many requests all clients make together. */
  requests: number;
}

/**
 * Lets clients upsert the same keys at once, in two namespaces, and create, change, share and delete channels with these keys by the other
 * operations. Every write that sets something leaves a mark of its own in the metadata. Only PUT removes the marks of others.
 */
export const runUpsertClients = async (
  service: Service,
  { namespaces, apiKeys, random, clients, keys, maxRows, requests }: UpsertClientOptions,
): Promise<UpsertRecords> => {
  const [first, second] = namespaces;
  const [apiKey, keyOfSecond] = apiKeys;
  const callers = repeat<Caller>([
    [4, { namespace: first, held: namespaces, apiKey }],
    [1, { namespace: second, held: namespaces, apiKey }],
    [1, { namespace: second, held: [second], apiKey: keyOfSecond }],
  ]);
  const records: UpsertRecords = { writes: [], unexpected: [], statuses: {} };
  const allKeys = keysFor(keys);
  const posted = allKeys.filter(isPosted);
  const spare = allKeys.filter(isSpare);
  /** The last channel that any client saw with a key, by namespace and key. */
  const seen = new Map<string, string>();
  let time = 0;
  let started = 0;
  let marks = 0;

  const request = async (caller: Caller, route: string, call: Call) => {
    const start = ++time;
    const headers = { 'x-company-namespace': caller.namespace, ...call.headers };
    const reply = await service
      .call(route, { ...call, key: caller.apiKey, headers })
      .catch((): Reply => ({ status: 503, headers: {}, body: {} }));
    records.statuses[reply.status] = (records.statuses[reply.status] ?? 0) + 1;
    const allowed = [200, 201, 404, 409, 429, 503, ...(caller.held.length < namespaces.length ? [403] : [])];
    if (!allowed.includes(reply.status))
      records.unexpected.push(`${route}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return { reply, start, end: ++time };
  };
  const record = (caller: Caller, write: Omit<KeyedWrite, 'namespace' | 'held'>) => {
    const { namespace, held } = caller;
    records.writes.push({ namespace, held, ...write });
    if (!('id' in write.claim)) return;
    const { document, id } = write.claim;
    for (const place of document.company_namespace)
      for (const key of keysIn(document)) seen.set(`${place} ${key}`, id);
  };

  const plans = repeat<(key: string, mark: string) => Fields>([
    // It changes a channel in place, and creates one if there is none.
    [4, (key) => ({ name: key })],
    [2, () => ({})],
    [2, (key, mark) => ({ name: `${key} ${mark}` })],
    [1, (key) => ({ name: key, disabled: random.next() < 0.5 })],
  ]);
  const planRow = (key: string, where: string | undefined, { namespace }: Caller): PlannedRow => {
    const chance = random.next();
    const source = where === undefined && random.next() < 0.3 ? { source: random.pick(sources) } : {};
    const meta = metaOf(key, random);
    if (chance < 0.15)
      return { key, isDeletion: true, mark: undefined, body: { delete: true, integration_meta: meta } };
    // A row without a mark must change nothing. To send "4" for 4 is a change.
    if (chance < 0.25 && pathOf(key) === 'external_id')
      return { key, isDeletion: false, mark: undefined, body: { integration_meta: meta } };
    const mark = `m${++marks}`;
    const newNamespaces =
      isContested(key) && random.next() < 0.25 ? random.pick([namespaces, [namespace]]) : undefined;
    const body = {
      ...(isSpare(key) ? {} : random.pick(plans)(key, mark)),
      ...(newNamespaces && { company_namespace: newNamespaces }),
      integration_meta: { ...meta, ...source, [mark]: true },
    };
    return { key, isDeletion: false, mark, newNamespaces, body };
  };

  /** Different keys, and sometimes the first one again: as a number and as a text, it is the same key. */
  const pickKeys = (path: KeyPath): string[] => {
    const picked = random
      .shuffle(allKeys.filter((key) => pathOf(key) === path))
      .slice(0, 1 + random.below(maxRows));
    return path === 'id' && random.next() < 0.3 ? [...picked, ...picked.slice(0, 1)] : picked;
  };
  const upsert = async (caller: Caller) => {
    const where = random.next() < 0.3 ? random.pick(sources) : undefined;
    const isDryRun = random.next() < 0.08;
    const path = random.next() < 0.3 ? 'id' : 'external_id';
    const rows = pickKeys(path).map((key) => planRow(key, where, caller));
    const body = {
      ...(path === 'id' && { match: 'integration_meta.id' }),
      channels: rows.map((row) => row.body),
      dry_run: isDryRun,
      ...(where && { where: { 'integration_meta.source': where } }),
    };
    const { reply, start, end } = await request(caller, 'POST /client-channel/upsert', { body });
    if (reply.status === 200) records.unexpected.push(...judgeEnvelope(rows, reply.body));
    for (const [index, { body: _, ...row }] of rows.entries()) {
      const claim =
        reply.status === 200
          ? claimOfRow(reply.body.data[index], isDryRun)
          : claimOfReply(reply, row.isDeletion);
      record(caller, { ...row, by: 'upsert', where, start, end, claim });
    }
  };

  const send = async (
    caller: Caller,
    by: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    write: Pick<KeyedWrite, 'key' | 'target' | 'newKey' | 'newNamespaces' | 'mark' | 'replacesMeta'>,
    body?: Fields,
  ) => {
    const headers = { 'content-type': by === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
    const route = `${by} /client-channel${write.target ? `/${write.target}` : ''}`;
    const { reply, start, end } = await request(caller, route, body ? { body, headers } : {});
    const isDeletion = by === 'DELETE';
    record(caller, { ...write, by, isDeletion, start, end, claim: claimOfReply(reply, isDeletion) });
  };
  const post = (caller: Caller) => {
    const key = random.pick(posted);
    const mark = `m${++marks}`;
    const body = { name: key, integration_meta: { ...metaOf(key, random), [mark]: true } };
    return send(caller, 'POST', { key, mark }, body);
  };

  type WriteTo = (caller: Caller, key: string, target: string, mark: string) => Promise<void>;
  /** Writes to a channel that somebody saw with one of these keys. */
  const toSeen =
    (own: string[], write: WriteTo) =>
    async (caller: Caller): Promise<void> => {
      const found = own.flatMap((key) => {
        const id = seen.get(`${caller.namespace} ${key}`);
        return id === undefined ? [] : { key, id };
      });
      if (!found.length) return upsert(caller);
      const { key, id } = random.pick(found);
      return write(caller, key, id, `m${++marks}`);
    };
  const update = toSeen(allKeys, (caller, key, target, mark) => {
    const name = random.next() < 0.5 ? { name: `${key} ${mark}` } : {};
    return send(caller, 'PATCH', { key, target, mark }, { ...name, integration_meta: { [mark]: true } });
  });
  /** A channel with a key of upserts alone gets another key in its place. Any other channel can get it beside its own key. */
  const changeKey = toSeen(allKeys, (caller, key, target, mark) => {
    const newKey = random.pick(
      isContested(key) ? spare : spare.filter((each) => pathOf(each) === pathOf(key)),
    );
    const body = { integration_meta: { ...metaOf(newKey, random), [mark]: true } };
    return send(caller, 'PATCH', { key, target, newKey, mark }, body);
  });
  const replace = toSeen(allKeys, (caller, key, target, mark) => {
    const newKey = isContested(key) && random.next() < 0.5 ? key : random.pick(spare);
    const body = { name: key, integration_meta: { ...metaOf(newKey, random), [mark]: true } };
    return send(caller, 'PUT', { key, target, newKey, mark, replacesMeta: true }, body);
  });
  /** Shares a channel with the other namespace, or takes it out of one. */
  const move = toSeen(allKeys.filter(isContested), (caller, key, target, mark) => {
    const newNamespaces = random.pick([namespaces, namespaces, [first], [second]]);
    const body = { company_namespace: newNamespaces, integration_meta: { [mark]: true } };
    return send(caller, 'PATCH', { key, target, newNamespaces, mark }, body);
  });
  const remove = toSeen(allKeys, (caller, key, target) =>
    send(caller, 'DELETE', { key, target, mark: undefined }),
  );

  const operations = repeat([
    [22, upsert],
    [8, post],
    [4, update],
    [4, changeKey],
    [6, replace],
    [6, move],
    [6, remove],
  ]);
  const runClient = async () => {
    while (started++ < requests) await random.pick(operations)(random.pick(callers));
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return records;
};

import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';

/**
 * What an answer says of one write of one key:
 * - `created`, `updated`, `unchanged`: the channel is in this version;
 * - `deleted`: this is the version of the deletion, and `document` is the channel as it last was;
 * - `absent`: no channel carried the key;
 * - `refused`: nothing was done;
 * - `ambiguous`: nothing was done, because several channels carried the key;
 * - `unknown`: the write may have been done.
 */
type Claim =
  | {
      kind: 'created' | 'updated' | 'unchanged' | 'deleted';
      id: string;
      version: number;
      document: ChannelDocument;
      /** The fields that an updated row says it has changed. */
      changed?: string[];
    }
  | { kind: 'absent' | 'refused' | 'ambiguous' | 'unknown' };

/** One write of one key, as its client saw it. */
export interface KeyedWrite {
  key: string;
  by: 'upsert' | 'other';
  /** The id in the path. A row of an upsert has none: it finds a channel by the key. */
  target?: string;
  isDeletion: boolean;
  /** The key that the channel gets in place of this one. */
  newKey?: string;
  /** The source of the channels that the upsert may touch. Without it, it may touch all. */
  where?: string | undefined;
  /** A key that the write adds to the metadata of the channel, and that no other write adds. */
  mark: string | undefined;
  /** Numbers of one counter: whatever ended before another write started has a smaller number. */
  start: number;
  end: number;
  claim: Claim;
}

export interface UpsertRecords {
  writes: KeyedWrite[];
  /** Answers that no request may get, such as 500. */
  unexpected: string[];
  statuses: Record<string, number>;
}

/** The key that a channel carries. */
export const keyIn = ({ integration_meta }: ChannelDocument): string => `${integration_meta?.external_id}`;

const numberOf = (key: string) => Number(key.slice(1));
/** Every sixth key is also given to channels by POST. */
const isPosted = (key: string) => numberOf(key) % 6 === 0;
/** Every sixth key is given to channels by PATCH, and no row creates a channel for it. So it is often free. */
const isSpare = (key: string) => numberOf(key) % 6 === 3;
/** Whether several channels may carry a key, because not only upserts give it to channels. */
export const isContested = (key: string): boolean => isPosted(key) || isSpare(key);

type Fields = Record<string, unknown>;
interface PlannedRow extends Pick<KeyedWrite, 'key' | 'isDeletion' | 'mark'> {
  body: Fields;
}
const sources = ['sap', 'oracle'];

/** Each item as often as its weight says, to pick one at random. */
const repeat = <Item>(weighted: [weight: number, item: Item][]): Item[] =>
  weighted.flatMap(([weight, item]) => Array.from({ length: weight }, () => item));

/** The claim of a row of an upsert. A dry run writes nothing. */
// biome-ignore lint/suspicious/noExplicitAny: the response of the service
const claimOfRow = (row: any, isDryRun: boolean): Claim => {
  const { result, _id: id, __v: version, channel: document, changed, code } = row;
  if (isDryRun && (result === 'updated' || result === 'deleted')) return { kind: 'refused' };
  if (result !== 'failed') return id ? { kind: result, id, version, document, changed } : { kind: 'absent' };
  if (code === 'unavailable') return { kind: 'unknown' };
  if (code === 'ambiguous_match') return { kind: 'ambiguous' };
  return { kind: code === 'invalid_request' ? 'absent' : 'refused' };
};

// biome-ignore lint/suspicious/noExplicitAny: the response of the service
const isRightSummary = ({ data, summary }: any): boolean =>
  Object.entries(summary).every(
    ([result, count]) => data.filter((row: { result: string }) => row.result === result).length === count,
  );

/** The claim of an answer to any other write, and of an upsert that failed as a whole. */
const claimOfReply = ({ status, body }: Reply, isDeletion: boolean): Claim => {
  if (status === 503) return { kind: 'unknown' };
  if (status > 299) return { kind: 'refused' };
  const document: ChannelDocument = body.data;
  const { _id: id, __v: version } = document;
  if (isDeletion) return { kind: 'deleted', id, version: version + 1, document };
  return { kind: status === 201 ? 'created' : 'updated', id, version, document };
};

export interface UpsertClientOptions {
  namespace: string;
  random: Random;
  clients: number;
  keys: number;
  /** How many rows an upsert has at most. */
  maxRows: number;
  /** How many requests all clients make together. */
  requests: number;
}

/**
 * Lets clients upsert the same keys at once, and create, change and delete channels with these keys by the other operations.
 * Every write that sets something leaves a mark of its own in the metadata, and none removes one.
 */
export const runUpsertClients = async (
  service: Service,
  { namespace, random, clients, keys, maxRows, requests }: UpsertClientOptions,
): Promise<UpsertRecords & { apiKey: string }> => {
  const apiKey = await service.newKey({ namespaces: [namespace] });
  const records: UpsertRecords = { writes: [], unexpected: [], statuses: {} };
  const allKeys = Array.from({ length: keys }, (_, index) => `k${index}`);
  const posted = allKeys.filter(isPosted);
  const spare = allKeys.filter(isSpare);
  /** The last channel that any client saw with a key. */
  const seen = new Map<string, string>();
  let time = 0;
  let started = 0;
  let marks = 0;

  const request = async (route: string, call: Call) => {
    const start = ++time;
    const reply = await service
      .call(route, { key: apiKey, ...call })
      .catch((): Reply => ({ status: 503, headers: {}, body: {} }));
    records.statuses[reply.status] = (records.statuses[reply.status] ?? 0) + 1;
    if (![200, 201, 404, 409, 429, 503].includes(reply.status))
      records.unexpected.push(`${route}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return { reply, start, end: ++time };
  };
  const record = (write: KeyedWrite) => {
    records.writes.push(write);
    if ('id' in write.claim) seen.set(keyIn(write.claim.document), write.claim.id);
  };

  const plans = repeat<(key: string, mark: string) => Fields>([
    // It changes a channel in place, and creates one if there is none.
    [4, (key) => ({ name: key })],
    [2, () => ({})],
    [2, (key, mark) => ({ name: `${key} ${mark}` })],
    [1, (key) => ({ name: key, disabled: random.next() < 0.5 })],
  ]);
  const planRow = (key: string, where: string | undefined): PlannedRow => {
    const chance = random.next();
    const source = where === undefined && random.next() < 0.3 ? { source: random.pick(sources) } : {};
    const meta = { external_id: key };
    if (chance < 0.15)
      return { key, isDeletion: true, mark: undefined, body: { delete: true, integration_meta: meta } };
    if (chance < 0.25) return { key, isDeletion: false, mark: undefined, body: { integration_meta: meta } };
    const mark = `m${++marks}`;
    const body = {
      ...(isSpare(key) ? {} : random.pick(plans)(key, mark)),
      integration_meta: { ...meta, ...source, [mark]: true },
    };
    return { key, isDeletion: false, mark, body };
  };

  const upsert = async () => {
    const where = random.next() < 0.3 ? random.pick(sources) : undefined;
    const isDryRun = random.next() < 0.08;
    const rows = random
      .shuffle(allKeys)
      .slice(0, 1 + random.below(maxRows))
      .map((key) => planRow(key, where));
    const body = {
      channels: rows.map((row) => row.body),
      dry_run: isDryRun,
      ...(where && { where: { 'integration_meta.source': where } }),
    };
    const { reply, start, end } = await request('POST /client-channel/upsert', { body });
    if (reply.status === 200 && !isRightSummary(reply.body))
      records.unexpected.push(`the summary is ${JSON.stringify(reply.body.summary)}`);
    for (const [index, { key, isDeletion, mark }] of rows.entries()) {
      const claim =
        reply.status === 200 ? claimOfRow(reply.body.data[index], isDryRun) : claimOfReply(reply, isDeletion);
      record({ key, by: 'upsert', isDeletion, where, mark, start, end, claim });
    }
  };
  const send = async (
    route: string,
    call: Call,
    of: Pick<KeyedWrite, 'key' | 'target' | 'newKey' | 'mark'>,
  ) => {
    const { reply, start, end } = await request(route, call);
    const isDeletion = route.startsWith('DELETE');
    record({ ...of, by: 'other', isDeletion, start, end, claim: claimOfReply(reply, isDeletion) });
  };
  const post = () => {
    const key = random.pick(posted);
    const mark = `m${++marks}`;
    const body = { name: key, integration_meta: { external_id: key, [mark]: true } };
    return send('POST /client-channel', { body }, { key, mark });
  };
  const withSeen = async (run: (key: string, id: string) => Promise<void>) => {
    const key = random.pick(allKeys);
    const id = seen.get(key);
    return id === undefined ? upsert() : run(key, id);
  };
  const headers = { 'content-type': 'application/merge-patch+json' };
  const update = () =>
    withSeen((key, target) => {
      const mark = `m${++marks}`;
      const name = random.next() < 0.5 ? { name: `${key} ${mark}` } : {};
      const body = { ...name, integration_meta: { [mark]: true } };
      return send(`PATCH /client-channel/${target}`, { headers, body }, { key, target, mark });
    });
  const changeKey = () =>
    withSeen((key, target) => {
      const mark = `m${++marks}`;
      const newKey = random.pick(spare);
      const body = { integration_meta: { external_id: newKey, [mark]: true } };
      return send(`PATCH /client-channel/${target}`, { headers, body }, { key, target, newKey, mark });
    });
  const remove = () =>
    withSeen((key, target) => send(`DELETE /client-channel/${target}`, {}, { key, target, mark: undefined }));

  const operations = repeat([
    [32, upsert],
    [3, post],
    [5, update],
    [6, changeKey],
    [4, remove],
  ]);
  const runClient = async () => {
    while (started++ < requests) await random.pick(operations)();
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return { ...records, apiKey };
};

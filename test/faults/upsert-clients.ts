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
    }
  | { kind: 'absent' | 'refused' | 'ambiguous' | 'unknown' };

/** One write of one key, as its client saw it. */
export interface KeyedWrite {
  key: string;
  by: 'upsert' | 'other';
  isDeletion: boolean;
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

/** Every sixth key is also given to channels by POST, so that several channels may carry it. */
export const isContested = (key: string): boolean => Number(key.slice(1)) % 6 === 0;

const maxRows = 12;

type Fields = Record<string, unknown>;
interface PlannedRow extends Pick<KeyedWrite, 'key' | 'isDeletion' | 'mark'> {
  body: Fields;
}

/** The claim of a row of an upsert. */
// biome-ignore lint/suspicious/noExplicitAny: the response of the service
const claimOfRow = ({ result, _id: id, __v: version, channel: document, code }: any): Claim => {
  if (result !== 'failed') return id ? { kind: result, id, version, document } : { kind: 'absent' };
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

/**
 * Lets clients upsert the same keys at once, and create, change and delete channels with these keys by the other operations.
 * Every write that sets something leaves a mark of its own in the metadata, and none removes one.
 * @param options.requests how many requests all clients make together
 */
export const runUpsertClients = async (
  service: Service,
  {
    namespace,
    random,
    clients,
    keys,
    requests,
  }: { namespace: string; random: Random; clients: number; keys: number; requests: number },
): Promise<UpsertRecords & { apiKey: string }> => {
  const apiKey = await service.newKey({ namespaces: [namespace] });
  const records: UpsertRecords = { writes: [], unexpected: [], statuses: {} };
  const allKeys = Array.from({ length: keys }, (_, index) => `k${index}`);
  const contested = allKeys.filter(isContested);
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
    if ('id' in write.claim) seen.set(write.key, write.claim.id);
  };

  const plans: [weight: number, plan: (key: string, mark: string) => Fields][] = [
    // It changes a channel in place, and creates one if there is none.
    [4, (key) => ({ name: key })],
    [2, () => ({})],
    [2, (key, mark) => ({ name: `${key} ${mark}` })],
    [1, (key) => ({ name: key, disabled: random.next() < 0.5 })],
  ];
  const weighted = plans.flatMap(([weight, plan]) => Array.from({ length: weight }, () => plan));
  const planRow = (key: string): PlannedRow => {
    const chance = random.next();
    const meta = { external_id: key };
    if (chance < 0.15)
      return { key, isDeletion: true, mark: undefined, body: { delete: true, integration_meta: meta } };
    if (chance < 0.25) return { key, isDeletion: false, mark: undefined, body: { integration_meta: meta } };
    const mark = `m${++marks}`;
    const body = { ...random.pick(weighted)(key, mark), integration_meta: { ...meta, [mark]: true } };
    return { key, isDeletion: false, mark, body };
  };

  const upsert = async () => {
    const rows = random
      .shuffle(allKeys)
      .slice(0, 1 + random.below(maxRows))
      .map(planRow);
    const body = { channels: rows.map((row) => row.body) };
    const { reply, start, end } = await request('POST /client-channel/upsert', { body });
    if (reply.status === 200 && !isRightSummary(reply.body))
      records.unexpected.push(`the summary is ${JSON.stringify(reply.body.summary)}`);
    for (const [index, { key, isDeletion, mark }] of rows.entries()) {
      const claim =
        reply.status === 200 ? claimOfRow(reply.body.data[index]) : claimOfReply(reply, isDeletion);
      record({ key, by: 'upsert', isDeletion, mark, start, end, claim });
    }
  };
  const send = async (route: string, key: string, call: Call, mark: string | undefined) => {
    const { reply, start, end } = await request(route, call);
    const isDeletion = route.startsWith('DELETE');
    record({ key, by: 'other', isDeletion, mark, start, end, claim: claimOfReply(reply, isDeletion) });
  };
  const post = () => {
    const key = random.pick(contested);
    const mark = `m${++marks}`;
    const body = { name: key, integration_meta: { external_id: key, [mark]: true } };
    return send('POST /client-channel', key, { body }, mark);
  };
  const withSeen = async (run: (key: string, id: string) => Promise<void>) => {
    const key = random.pick(allKeys);
    const id = seen.get(key);
    return id === undefined ? upsert() : run(key, id);
  };
  const update = () =>
    withSeen((key, id) => {
      const mark = `m${++marks}`;
      const headers = { 'content-type': 'application/merge-patch+json' };
      const name = random.next() < 0.5 ? { name: `${key} ${mark}` } : {};
      const body = { ...name, integration_meta: { [mark]: true } };
      return send(`PATCH /client-channel/${id}`, key, { headers, body }, mark);
    });
  const remove = () => withSeen((key, id) => send(`DELETE /client-channel/${id}`, key, {}, undefined));

  const runClient = async () => {
    while (started++ < requests) {
      const chance = random.next();
      if (chance < 0.7) await upsert();
      else if (chance < 0.8) await post();
      else await (chance < 0.92 ? update() : remove());
    }
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return { ...records, apiKey };
};

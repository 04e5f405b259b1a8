import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';
import type { Action, Fields, IfMatch, Operation, Outcome } from './operation.ts';

/** What the clients saw of one channel. */
export interface ChannelHistory {
  /** A word in every name of the channel, and in no other channel's name. */
  word: string;
  /** A word in every local name of the channel. Undefined if the channel may be without a local name. */
  localWord: string | undefined;
  /** Undefined until a client knows it. */
  id: string | undefined;
  operations: Operation[];
}

export interface Records {
  channels: ChannelHistory[];
  /** Requests with a status of 500 or another one that no request of the histories may get. */
  unexpected: string[];
  /** How many requests were answered with each status. */
  statuses: Record<string, number>;
}

/** A channel that many clients use at once, until enough operations were made. */
interface HotChannel {
  history: ChannelHistory;
  id: string;
  create: { fields: Fields; key: string | undefined; namespace: string };
  /** The last version that any client saw. */
  seen: ChannelDocument;
  /** Whether a client has deleted it, and none has restored it since. */
  isDeleted: boolean;
  remaining: number;
}

const namespacesOf = (run: string) => [`${run}-a`, `${run}-b`, `${run}-c`];
const operationsPerChannel = 40;
const restoredShare = 0.3;
const hotChannels = 3;
/** A client of the API gives up after so many answers of 503 to a creation. */
const maxCreations = 4;

/** Repeated values make updates that change nothing, and writers that agree. */
const fewValues = ['x', 'y'];

/** What an answer to a request for one channel says. Undefined if no such request may get it. */
export const outcomeOf = ({ status, body }: Reply): Outcome | undefined => {
  const outcomes: Record<number, Outcome> = {
    200: { document: body.data },
    201: { document: body.data },
    404: 'absent',
    409: 'refused',
    412: 'stale',
    429: 'refused',
    503: 'unknown',
  };
  return outcomes[status];
};

/**
 * Lets clients make random operations on a few hot channels, all at once, and records what each of them sees. A channel is
 * replaced after some tens of operations, so that the history of each channel stays small.
 * @param options.run a part of all namespaces and names, so that runs do not see each other
 */
export const runClients = async (
  service: Service,
  { run, random, count, clients }: { run: string; random: Random; count: number; clients: number },
): Promise<Records & { namespaces: string[]; key: string }> => {
  const namespaces = namespacesOf(run);
  const key = await service.newKey({ namespaces });
  const records: Records = { channels: [], unexpected: [], statuses: {} };
  const hot: (HotChannel | undefined)[] = Array.from({ length: hotChannels }, () => undefined);
  /** The creations that run, by the place of their channel in `hot`. */
  const making: (Promise<void> | undefined)[] = [];
  let time = 0;
  let started = 0;
  let unique = 0;

  /** Makes one request. Undefined if its answer is none that a request of the histories may get. */
  const request = async (route: string, namespace: string, call: Call = {}) => {
    const start = ++time;
    started++;
    const headers = { 'x-company-namespace': namespace, ...call.headers };
    const reply = await service
      .call(route, { key, ...call, headers })
      .catch((): Reply => ({ status: 503, headers: {}, body: {} }));
    records.statuses[reply.status] = (records.statuses[reply.status] ?? 0) + 1;
    const outcome = outcomeOf(reply);
    if (!outcome) records.unexpected.push(`${route}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return { reply, outcome: outcome ?? 'unknown', start, end: ++time };
  };

  const value = () => (random.next() < 0.3 ? random.pick(fewValues) : `v${++unique}`);
  const newHistory = (): ChannelHistory => {
    const word = `w${++unique}w`;
    const localWord = random.next() < 0.5 ? `l${unique}l` : undefined;
    return { word, localWord, id: undefined, operations: [] };
  };
  const localName = ({ localWord }: ChannelHistory) =>
    localWord === undefined ? value() : `${localWord} ${value()}`;
  const someNamespaces = () => random.shuffle(namespaces).slice(0, random.pick([1, 1, 2, 3]));

  const newFields = (history: ChannelHistory): Fields => ({
    name: `${history.word} new`,
    company_namespace: someNamespaces(),
    ...((history.localWord !== undefined || random.next() < 0.5) && { local_name: localName(history) }),
    ...(random.next() < 0.5 && { integration_meta: { external_id: value() } }),
  });

  /** Creates a channel, again and again as a client of the API does, and makes it hot. */
  const create = async (slot: number) => {
    const history = newHistory();
    const { word } = history;
    const fields = newFields(history);
    records.channels.push(history);
    const namespace = random.pick(fields.company_namespace as string[]);
    const idempotencyKey = random.next() < 0.5 ? `${run}-${word}` : undefined;
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const start = time + 1;
    const attempt = () => request('POST /client-channel', namespace, { headers, body: fields });
    let made = await attempt();
    const wasUnknown = made.outcome === 'unknown';
    for (let tries = 1; idempotencyKey && made.outcome === 'unknown' && tries < maxCreations; tries++)
      made = await attempt();
    // All attempts with one key are one creation. A refusal of the last says nothing of the attempts before it.
    const { end } = made;
    const outcome = wasUnknown && typeof made.outcome !== 'object' ? 'unknown' : made.outcome;
    history.operations.push({ namespace, action: { kind: 'create', fields }, start, end, outcome });
    if (typeof outcome !== 'object') return;
    history.id = outcome.document._id;
    hot[slot] = {
      history,
      id: history.id,
      create: { fields, key: idempotencyKey, namespace },
      seen: outcome.document,
      isDeleted: false,
      remaining: operationsPerChannel,
    };
  };

  const record = (
    channel: HotChannel,
    namespace: string,
    action: Action,
    { start, end, outcome }: { start: number; end: number; outcome: Outcome },
  ) => {
    channel.history.operations.push({ namespace, action, start, end, outcome });
    if (typeof outcome !== 'object') return;
    if (outcome.document.__v > channel.seen.__v) channel.seen = outcome.document;
    if (action.kind === 'delete') channel.isDeleted = true;
    if (action.kind === 'restore') channel.isDeleted = false;
  };

  const someIfMatch = ({ seen }: HotChannel): IfMatch => {
    const chance = random.next();
    if (chance < 0.6) return undefined;
    if (chance < 0.65) return 'any';
    return chance < 0.9 ? [seen.__v] : [Math.max(0, seen.__v - 1), seen.__v];
  };
  const ifMatchHeader = (ifMatch: IfMatch): Record<string, string> => {
    if (ifMatch === undefined) return {};
    return { 'if-match': ifMatch === 'any' ? '*' : ifMatch.map((version) => `"${version}"`).join(', ') };
  };

  const patches: [weight: number, patch: (channel: HotChannel) => Partial<Fields>][] = [
    [25, () => ({ integration_meta: { at: value() } })],
    [10, () => ({ integration_meta: { [random.pick(['external_id', 'id'])]: value() } })],
    [5, () => ({ integration_meta: null })],
    [10, ({ history }) => ({ local_name: localName(history) })],
    [5, ({ history }) => ({ local_name: history.localWord ?? null })],
    [10, ({ history }) => ({ name: `${history.word} ${value()}` })],
    [10, ({ seen }) => ({ disabled: !seen.disabled })],
    [12, () => ({ company_namespace: someNamespaces() })],
    [5, ({ history }) => ({ name: `${history.word} ${value()}`, local_name: localName(history) })],
    [5, ({ seen }) => ({ name: seen.name, disabled: seen.disabled, integration_meta: { at: value() } })],
  ];
  const weights = patches.flatMap(([weight, patch]) => Array.from({ length: weight }, () => patch));

  const update = async (channel: HotChannel, namespace: string) => {
    const action: Action = {
      kind: 'update',
      patch: random.pick(weights)(channel),
      ifMatch: someIfMatch(channel),
    };
    const route = `${random.pick(['PUT', 'PATCH'])} /client-channel/${channel.id}`;
    const call = { headers: ifMatchHeader(action.ifMatch), body: action.patch };
    record(channel, namespace, action, await request(route, namespace, call));
  };
  const remove = async (channel: HotChannel, namespace: string) => {
    const action: Action = { kind: 'delete', ifMatch: someIfMatch(channel) };
    const call = { headers: ifMatchHeader(action.ifMatch) };
    record(
      channel,
      namespace,
      action,
      await request(`DELETE /client-channel/${channel.id}`, namespace, call),
    );
  };
  const restore = async (channel: HotChannel, namespace: string) =>
    record(
      channel,
      namespace,
      { kind: 'restore' },
      await request(`POST /client-channel/${channel.id}/restore`, namespace),
    );
  const get = async (channel: HotChannel, namespace: string) =>
    record(
      channel,
      namespace,
      { kind: 'read' },
      await request(`GET /client-channel/${channel.id}`, namespace),
    );
  /** A list shows several channels: each of them is a read. */
  const list = (query: (channel: HotChannel) => string) => async (channel: HotChannel, namespace: string) => {
    const listed = query === byIds ? hot.filter((each) => each !== undefined) : [channel];
    const { reply, start, end } = await request(`GET /client-channel?${query(channel)}`, namespace);
    if (reply.status !== 200) return;
    for (const each of listed) {
      const document = reply.body.data.find(({ _id }: ChannelDocument) => _id === each.id);
      record(each, namespace, { kind: 'read' }, { start, end, outcome: document ? { document } : 'absent' });
    }
  };
  const byIds = () => hot.flatMap((each) => (each ? `_id=${each.id}` : [])).join('&');
  const bySearch = ({ history }: HotChannel) => `search=${history.word}+${history.localWord ?? ''}`;
  /** The newest channels come first, so that the page has the channel however many others have the same id. */
  const lookUp = async (channel: HotChannel, namespace: string) => {
    const externalId = `${channel.seen.integration_meta?.external_id ?? random.pick(fewValues)}`;
    const query = `integration_meta.external_id=${externalId}&sort=-_id`;
    const { reply, start, end } = await request(`GET /client-channel?${query}`, namespace);
    if (reply.status !== 200) return;
    const document = reply.body.data.find(({ _id }: ChannelDocument) => _id === channel.id);
    const outcome: Outcome = document ? { document } : 'absent';
    record(channel, namespace, { kind: 'read', externalId }, { start, end, outcome });
  };
  /** A client repeats a creation long after it has got its answer. */
  const repeatCreation = async (channel: HotChannel) => {
    const { fields, key: idempotencyKey, namespace } = channel.create;
    if (!idempotencyKey) return get(channel, namespace);
    const headers = { 'idempotency-key': idempotencyKey };
    const { reply } = await request('POST /client-channel', namespace, { headers, body: fields });
    const { document } = channel.history.operations[0]?.outcome as { document: ChannelDocument };
    if (reply.status === 201 && JSON.stringify(reply.body.data) !== JSON.stringify(document))
      records.unexpected.push(`A repeated creation of ${channel.id} has another answer`);
  };

  const operations: [weight: number, run: (channel: HotChannel, namespace: string) => Promise<void>][] = [
    [18, get],
    [5, list(byIds)],
    [5, list(bySearch)],
    [8, lookUp],
    [67, update],
    [4, remove],
    [1, restore],
    [3, repeatCreation],
  ];
  const chosen = operations.flatMap(([weight, operate]) => Array.from({ length: weight }, () => operate));

  const runClient = async () => {
    while (started < count) {
      const slot = random.below(hotChannels);
      const channel = hot[slot];
      if (!channel) {
        making[slot] ??= create(slot).finally(() => {
          making[slot] = undefined;
        });
        await making[slot];
        continue;
      }
      if (--channel.remaining === 0) hot[slot] = undefined;
      const own = random.next() < 0.8 ? channel.seen.company_namespace : namespaces;
      const operate = channel.isDeleted && random.next() < restoredShare ? restore : random.pick(chosen);
      await operate(channel, random.pick(own));
    }
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return { ...records, namespaces, key };
};

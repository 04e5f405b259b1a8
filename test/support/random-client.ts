import { isDeepStrictEqual } from 'node:util';
import { toDocument } from '../../lib/channels/channel.ts';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { fromItem } from '../../lib/channels/items.ts';
import { channelsIn } from '../../lib/channels/keys.ts';
import { pages } from '../../lib/dynamodb/pages.ts';
import type { Random } from './random.ts';
import type { Reply, Service } from './service.ts';
import { findTornWrites } from './whole-partitions.ts';

/** Statuses that ask the client to try again. The first two promise that nothing was written. */
const refusals = [409, 429];
const unavailable = 503;

const kinds = [
  'create',
  'create',
  'describe',
  'describe',
  'rename',
  'rename locally',
  'toggle',
  'share',
  'delete',
  'get',
  'search',
];

/**
 * A client that sends random requests, one after the other, in namespaces that nobody else uses. So it knows what must be
 * stored, whatever fails.
 */
export class RandomClient {
  /** How many requests were answered, by status. */
  readonly statuses: Record<number, number> = {};
  /** A line for each answer that contradicts what the client knows. */
  readonly wrong: string[] = [];
  readonly #service: Service;
  readonly #namespaces: [string, string];
  readonly #random: Random;
  readonly #key: string;
  readonly #stored = new Map<string, ChannelDocument>();
  /** Channels whose last write was answered with 503: as they were before. Nobody touches them again. */
  readonly #uncertain = new Map<string, ChannelDocument>();
  /** The names of creations that were answered with 503. */
  readonly #uncertainNames = new Set<string>();

  private constructor(service: Service, namespaces: [string, string], key: string, random: Random) {
    this.#service = service;
    this.#namespaces = namespaces;
    this.#key = key;
    this.#random = random;
  }

  static async start(service: Service, namespace: string, random: Random): Promise<RandomClient> {
    const namespaces: [string, string] = [namespace, `${namespace}-other`];
    return new RandomClient(service, namespaces, await service.newKey({ namespaces }), random);
  }

  /** Sends one request. @returns the kind of the request, and the status of its answer */
  async next(): Promise<{ kind: string; status: number }> {
    const id = this.#random.pick([...this.#stored.keys()]);
    const before = this.#stored.get(id);
    const kind = before ? this.#random.pick(kinds) : 'create';
    const reply = before ? await this.#send(kind, before) : await this.#create();
    this.statuses[reply.status] = (this.statuses[reply.status] ?? 0) + 1;
    if (reply.status !== unavailable && reply.status >= 300 && !refusals.includes(reply.status))
      this.wrong.push(`${kind}: ${reply.status} ${reply.body.code}`);
    if (reply.status >= 300 && !reply.headers['retry-after'] && reply.status !== 409)
      this.wrong.push(`${kind}: ${reply.status} without Retry-After`);
    return { kind, status: reply.status };
  }

  #call(route: string, body?: object): Promise<Reply> {
    return this.#service.call(route, { key: this.#key, ...(body && { body }) });
  }

  #newName(): string {
    return `c${this.#random.next()}`;
  }

  async #create(): Promise<Reply> {
    const name = this.#newName();
    const local_name = this.#newName();
    const company_namespace = this.#namespaces.slice(0, this.#random.pick([1, 1, 2]));
    const integration_meta = { external_id: this.#random.pick(['same', name]) };
    const body = { name, local_name, integration_meta, company_namespace };
    const reply = await this.#call('POST /client-channel', body);
    if (reply.status === 201) this.#stored.set(reply.body.data._id, reply.body.data);
    if (reply.status === unavailable) this.#uncertainNames.add(name);
    return reply;
  }

  #send(kind: string, before: ChannelDocument): Promise<Reply> {
    if (kind === 'create') return this.#create();
    return kind === 'get' || kind === 'search' ? this.#read(kind, before) : this.#write(kind, before);
  }

  async #read(kind: 'get' | 'search', before: ChannelDocument): Promise<Reply> {
    const path = kind === 'get' ? `/${before._id}` : `?search=${before.name}+${before.local_name}`;
    const reply = await this.#call(`GET /client-channel${path}`);
    const found = kind === 'get' ? reply.body.data : reply.body.data?.[0];
    if (reply.status === 200 && !isDeepStrictEqual(found, before))
      this.wrong.push(`${kind}: ${JSON.stringify(found)} instead of ${JSON.stringify(before)}`);
    return reply;
  }

  async #write(kind: string, before: ChannelDocument): Promise<Reply> {
    const isDeletion = kind === 'delete';
    const route = `${isDeletion ? 'DELETE' : 'PUT'} /client-channel/${before._id}`;
    const reply = await this.#call(route, isDeletion ? undefined : this.#patch(kind, before));
    if (reply.status === unavailable) this.#uncertain.set(before._id, before);
    if (reply.status === unavailable || (reply.status === 200 && isDeletion)) this.#stored.delete(before._id);
    else if (reply.status === 200) this.#stored.set(before._id, reply.body.data);
    return reply;
  }

  #patch(kind: string, before: ChannelDocument): object {
    if (kind === 'rename') return { name: this.#newName() };
    if (kind === 'rename locally') return { local_name: this.#newName() };
    if (kind === 'toggle') return { disabled: !before.disabled };
    if (kind === 'describe')
      return { integration_meta: { [this.#random.pick(['at', 'external_id', 'id'])]: this.#random.next() } };
    const [home] = this.#namespaces;
    return { company_namespace: before.company_namespace.length === 1 ? this.#namespaces : [home] };
  }

  /** Whether some answer explains a channel that is stored. */
  #isExplained(document: ChannelDocument): boolean {
    const before = this.#uncertain.get(document._id);
    if (before) return document.__v <= before.__v + 1;
    return this.#stored.has(document._id) || this.#uncertainNames.has(document.name);
  }

  /**
   * Compares what is stored with what the answers said, once nothing fails any more. It needs that nobody applies the
   * pending changes.
   * @returns a line for each write that is lost, was denied, was done twice or is half-written
   */
  async findFaults(): Promise<string[]> {
    const faults = await findTornWrites(this.#service.channels, this.#namespaces);
    const found: ChannelDocument[] = [];
    for await (const { items } of pages(this.#service.channels, channelsIn(this.#namespaces[0], allIds)))
      found.push(...items.map((item) => toDocument(fromItem(item))));
    const byId = new Map(found.map((document) => [document._id, document]));
    for (const [id, document] of this.#stored)
      if (!isDeepStrictEqual(byId.get(id), document))
        faults.push(`${id} is ${JSON.stringify(byId.get(id))} instead of ${JSON.stringify(document)}`);
    for (const document of found)
      if (!this.#isExplained(document)) faults.push(`no answer explains ${JSON.stringify(document)}`);
    // A name is never used for two creations. Renamed channels have names of their own.
    const names = found.map(({ name }) => name).filter((name) => this.#uncertainNames.has(name));
    if (new Set(names).size < names.length) faults.push(`a creation was done twice: ${names}`);
    return faults;
  }
}

/** Starts clients, each with its own random numbers. */
export const startRandomClients = (
  service: Service,
  count: number,
  namespace: string,
  randomOf: (client: number) => Random,
): Promise<RandomClient[]> =>
  Promise.all(
    Array.from({ length: count }, (_, client) =>
      RandomClient.start(service, `${namespace}-${client}`, randomOf(client)),
    ),
  );

/** Sends a number of requests, spread over all clients, which work at the same time. */
export const sendRequests = async (clients: RandomClient[], count: number): Promise<void> => {
  const each = Math.ceil(count / clients.length);
  await Promise.all(
    clients.map(async (client) => {
      for (let sent = 0; sent < each; sent++) await client.next();
    }),
  );
};

/** Everything that the clients know to be wrong, once nothing fails any more. */
export const findAllFaults = async (clients: RandomClient[]): Promise<string[]> => {
  const faults: string[] = [];
  for (const client of clients) faults.push(...client.wrong, ...(await client.findFaults()));
  return faults;
};

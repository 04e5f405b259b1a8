import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { allIds } from '../../lib/channels/id-range.ts';
import { type ExpectedQuery, expectedList, expectedPage } from './oracle.ts';
import type { Random } from './random.ts';
import type { Service } from './service.ts';

/** A word with more suffixes than a transaction has items, so that it is applied in several transactions. */
const longWord = Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
const words = ['Retail', 'wholesale', 'Shop', 'café', 'قناة', 'التجزئة', 'é', 'North-West', '24', longWord];
const fragments = ['re', 'tail', 'SHOP', 'cafe', 'قناه', 'o', '-', '24', 'e sh', longWord.slice(40, 43)];

const byName: ExpectedQuery['sort'] = [{ field: 'name', descending: false }];
const byIdUpwards: ExpectedQuery['sort'] = [{ field: '_id', descending: false }];

/** Writes channels of a namespace at random, and compares searches and lists with a plain array. */
export class SearchOracle {
  /** How many answers were compared. */
  answers = 0;
  /** The answers that differ from the array. */
  readonly wrong: { query: string; answer: unknown; expected: unknown }[] = [];
  readonly channels = new Map<string, ChannelDocument>();
  readonly #service: Service;
  readonly #namespace: string;
  readonly #key: string;
  readonly #random: Random;

  private constructor(service: Service, namespace: string, key: string, random: Random) {
    this.#service = service;
    this.#namespace = namespace;
    this.#key = key;
    this.#random = random;
  }

  static async start(service: Service, namespace: string, random: Random): Promise<SearchOracle> {
    const key = await service.newKey({ namespaces: [namespace, `${namespace}-other`] });
    return new SearchOracle(service, namespace, key, random);
  }

  async #call(route: string, body?: object) {
    const reply = await this.#service.call(route, { key: this.#key, ...(body && { body }) });
    assert.deepEqual([route, reply.body.error], [route, undefined]);
    return reply.body;
  }

  #keep(channel: ChannelDocument): void {
    if (channel.company_namespace.includes(this.#namespace)) this.channels.set(channel._id, channel);
    else this.channels.delete(channel._id);
  }

  #newName(): string {
    const { next, pick } = this.#random;
    return Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(words))
      .join(' ')
      .slice(0, 256);
  }

  /** Metadata with external ids. The first ones are of many channels. */
  #newMeta(): object {
    const { below, next } = this.#random;
    const externalId = below(next() < 0.5 ? 3 : 300);
    return { external_id: `e${externalId}`, ...(next() < 0.2 && { id: externalId }) };
  }

  #newPatch(chance: number): object {
    const { next, pick } = this.#random;
    if (chance < 0.3) return { name: this.#newName() };
    if (chance < 0.5) return { local_name: this.#newName() };
    if (chance < 0.6) return { local_name: null };
    if (chance < 0.65) return { name: this.#newName(), local_name: this.#newName() };
    if (chance < 0.75) return { disabled: next() < 0.5 };
    if (chance < 0.77) return { integration_meta: { at: next() } };
    if (chance < 0.82) return { integration_meta: this.#newMeta() };
    return { company_namespace: pick([[this.#namespace, `${this.#namespace}-other`], [this.#namespace]]) };
  }

  /** Makes one random write. */
  async write(): Promise<void> {
    const { next, pick } = this.#random;
    const chance = next();
    const id = pick([...this.channels.keys()]);
    if (id === undefined || chance < 0.55) {
      const body = {
        name: this.#newName(),
        ...(next() < 0.5 && { local_name: this.#newName() }),
        disabled: next() < 0.3,
        integration_meta: this.#newMeta(),
      };
      return this.#keep((await this.#call('POST /client-channel', body)).data);
    }
    const path = `/client-channel/${id}`;
    if (chance < 0.9) return this.#keep((await this.#call(`PUT ${path}`, this.#newPatch(next()))).data);
    await this.#call(`DELETE ${path}`);
    this.channels.delete(id);
  }

  #pickQuery(all: ChannelDocument[]): [string, ExpectedQuery] {
    const { next, pick } = this.#random;
    const from = pick(all)?._id ?? allIds.first;
    const search = next() < 0.5 ? pick(fragments) : `${pick(fragments)} ${pick(fragments)}`;
    const byId: ExpectedQuery['sort'] = [{ field: '_id', descending: next() < 0.5 }];
    const sort = byId[0]?.descending ? '-_id' : '_id';
    const searched = `search=${encodeURIComponent(search)}`;
    const externalIds = [pick(all), pick(all)].map(
      (each) => `${each?.integration_meta?.external_id ?? 'nobody'}`,
    );
    const meta = [{ path: ['external_id'], values: externalIds }];
    const byExternalIds = `integration_meta.external_id=${encodeURIComponent(JSON.stringify(externalIds))}`;
    return pick<[string, ExpectedQuery]>([
      [`${searched}&sort=${sort}`, { search, sort: byId }],
      [`${searched}&sort=name`, { search, sort: byName }],
      [`${searched}&disabled=true`, { search, disabled: true, sort: byIdUpwards }],
      [`sort=${sort}`, { sort: byId }],
      [`from__id=${from}&sort=${sort}`, { from: { id: from, at: 'id' }, sort: byId }],
      [`to__id=${from}&sort=${sort}`, { to: { id: from, at: 'id' }, sort: byId }],
      [`${byExternalIds}&sort=${sort}`, { meta, sort: byId }],
      [`${byExternalIds}&${searched}`, { meta, search, sort: byIdUpwards }],
      // The indexes of DynamoDB Local do not lag, so these lists are exact here.
      ['sort=name', { sort: byName }],
      ['disabled=true', { disabled: true, sort: byIdUpwards }],
    ]);
  }

  /** Compares a random page of a random list. */
  async compare(): Promise<void> {
    const { next, pick } = this.#random;
    const all = [...this.channels.values()];
    const perPage = pick([5, 25, 100]);
    const page = 1 + Math.floor((next() * (all.length + 1)) / perPage);
    const [query, expectedQuery] = this.#pickQuery(all);
    const { data, pagination } = await this.#call(
      `GET /client-channel?${query}&page=${page}&per_page=${perPage}`,
    );
    const { next_cursor: _next, prev_cursor: _previous, ...numbers } = pagination;
    const expected = expectedPage(expectedList(all, expectedQuery), perPage, (page - 1) * perPage);
    const [shown, wanted] = [
      { data, pagination: numbers },
      { data: expected.data, pagination: expected.pagination },
    ];
    this.answers++;
    if (!isDeepStrictEqual(shown, wanted)) this.wrong.push({ query, answer: shown, expected: wanted });
  }
}

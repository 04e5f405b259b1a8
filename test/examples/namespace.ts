import assert from 'node:assert/strict';
import { type Channel, ChannelsClient } from '../../client/index.ts';
import { eventually } from '../support/eventually.ts';
import type { ExampleServer } from './example-server.ts';

export const byId = (one: Channel, other: Channel) => (one._id < other._id ? -1 : 1);

/** A namespace of an example, as others see and change it. */
export class Namespace {
  readonly name: string;
  readonly #server: ExampleServer;
  readonly #key: string;
  /** A reader of the feed. It began before the changes that it waits for. */
  #reader: { cursor?: string; copy: Map<string, Channel> } = { copy: new Map() };

  private constructor(server: ExampleServer, name: string, key: string) {
    this.#server = server;
    this.name = name;
    this.#key = key;
  }

  /** A channel can also be shared with the namespace `<name>-partner`. */
  static async create(server: ExampleServer, name: string): Promise<Namespace> {
    return new Namespace(server, name, await server.createKey(name, `${name}-partner`));
  }

  get partner() {
    return `${this.name}-partner`;
  }

  in(namespace: string): ChannelsClient {
    return new ChannelsClient({ url: this.#server.url, key: this.#key, namespace });
  }

  get client(): ChannelsClient {
    return this.in(this.name);
  }

  /** All channels, read by lists. */
  async channels(): Promise<Channel[]> {
    const channels: Channel[] = [];
    for await (const channel of this.client.all()) channels.push(channel);
    return channels.sort(byId);
  }

  /** Begins to read the feed anew: the changes that follow are waited for. */
  async beginReader(): Promise<void> {
    this.#reader = { copy: new Map() };
    await this.#read();
  }

  async #read(): Promise<void> {
    const { cursor, copy } = this.#reader;
    const query = cursor === undefined ? '' : `?cursor=${cursor}`;
    const response = await fetch(`${this.#server.url}/client-channel/changes${query}`, {
      headers: { 'api-key': this.#key, 'x-company-namespace': this.name },
    });
    assert.equal(response.status, 200);
    const { data, pagination } = await response.json();
    for (const { _id, channel } of data) channel ? copy.set(channel._id, channel) : copy.delete(_id);
    this.#reader.cursor = pagination.next_cursor;
    if (pagination.has_more) await this.#read();
  }

  /**
   * Waits until the feed has all changes. It is behind the writes for a moment.
   * @returns all channels
   */
  async settled(): Promise<Channel[]> {
    const channels = await this.channels();
    await eventually(async () => {
      await this.#read();
      assert.deepEqual([...this.#reader.copy.values()].sort(byId), channels);
    });
    return channels;
  }
}

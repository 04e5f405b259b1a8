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
  /** A copy that follows the feed. It began before the changes that it waits for. */
  readonly #copy = new Map<string, Channel>();
  #position = '';

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
    this.#copy.clear();
    this.#position = '';
    await this.#read();
  }

  async #read(): Promise<void> {
    for await (const { changes, position } of this.client.changes({ position: this.#position })) {
      for (const change of changes)
        if (change.type === 'upsert') this.#copy.set(change.channel._id, change.channel);
        else this.#copy.delete(change._id);
      this.#position = position;
    }
  }

  /**
   * Waits until the feed has all changes. It is behind the writes for a moment.
   * @returns all channels
   */
  async whenNumbered(): Promise<Channel[]> {
    const channels = await this.channels();
    await eventually(async () => {
      await this.#read();
      assert.deepEqual([...this.#copy.values()].sort(byId), channels);
    });
    return channels;
  }
}

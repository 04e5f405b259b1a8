import type { ChangesOptions, ChangesPage, Channel, ChannelsClient } from '../../client/index.ts';

/** A copy of a namespace, as an application keeps it, with what it stores to go on later. */
export class ChannelCopy {
  readonly #client: ChannelsClient;
  readonly #stored = new Map<string, { channel: Channel; reading: string }>();
  /** Of the last page whose changes are all in the copy. */
  position: string | undefined;

  constructor(client: ChannelsClient) {
    this.#client = client;
  }

  apply({ changes, reading, completesReading }: ChangesPage): void {
    for (const change of changes)
      if (change.type === 'upsert')
        this.#stored.set(change.channel._id, { channel: change.channel, reading });
      else this.#stored.delete(change._id);
    if (!completesReading) return;
    for (const [id, stored] of this.#stored) if (stored.reading !== reading) this.#stored.delete(id);
  }

  /** Takes all pages. @returns them */
  async follow(options: ChangesOptions = {}): Promise<ChangesPage[]> {
    const pages: ChangesPage[] = [];
    for await (const page of this.#client.changes({ position: this.position, ...options })) {
      this.apply(page);
      this.position = page.position;
      pages.push(page);
    }
    return pages;
  }

  /** The channels in the order of their ids. */
  get channels(): Channel[] {
    return [...this.#stored.values()].map(({ channel }) => channel).sort((a, b) => (a._id < b._id ? -1 : 1));
  }

  get versions(): Map<string, number> {
    return new Map(this.channels.map(({ _id, __v }) => [_id, __v]));
  }
}

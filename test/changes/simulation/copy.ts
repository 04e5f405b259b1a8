import type { World } from './world.ts';

/** What a reader has stored of one channel. */
interface Stored {
  version: number;
  text: string;
}

/** A document of a channel, as far as the copy reads it. */
interface Document {
  _id: string;
  __v: number;
}

/**
 * The copy of a namespace that a reader keeps. It checks everything that is stored: each channel is a state that it really had,
 * and it never goes back.
 */
export class Copy {
  readonly #world: World;
  readonly #namespace: string;
  readonly #channels = new Map<string, Stored>();
  /** The last version of each channel that the copy had. A deletion counts at its version. */
  readonly #versions = new Map<string, number>();
  /** The channels that the present first reading has brought, or that the reader itself has written since it began. */
  #brought: Set<string> | undefined;

  constructor(world: World, namespace: string) {
    this.#world = world;
    this.#namespace = namespace;
  }

  beginReading(): void {
    this.#brought = new Set();
  }

  /** Drops the channels that the first reading did not bring. */
  endReading(): void {
    if (!this.#brought) return;
    for (const id of this.#channels.keys()) if (!this.#brought.has(id)) this.delete(id);
    this.#brought = undefined;
  }

  upsert(document: Document): void {
    const { _id: id, __v: version } = document;
    const text = JSON.stringify(document);
    const real = this.#world.history.at(this.#namespace, id, version)?.text;
    if (real !== text) this.#fail(id, `never was ${text}, but ${real}`);
    const last = this.#versions.get(id) ?? -1;
    const isRepeat = version === last && this.#channels.has(id);
    if (version <= last && !isRepeat) this.#fail(id, `goes back from ${last} to ${version}`);
    this.#versions.set(id, version);
    this.#channels.set(id, { version, text });
    this.#brought?.add(id);
  }

  /** @param known the version of the deletion, if the reader knows it */
  delete(id: string, known?: number): void {
    const stored = this.#channels.get(id);
    if (!stored && known === undefined) return;
    const version = known ?? this.#world.history.nextDeletion(this.#namespace, id, stored?.version ?? -1);
    if (version === undefined) this.#fail(id, `was not deleted after ${stored?.version}`);
    else this.#versions.set(id, version);
    this.#channels.delete(id);
    this.#brought?.delete(id);
  }

  /** What differs from the table. */
  differences(): string[] {
    const { database, system } = this.#world;
    const { keys, toDocument, fromItem } = system;
    const differences: string[] = [];
    for (const id of new Set([...this.#world.ids, ...this.#channels.keys()])) {
      const item = database.item('channels', keys.channel(this.#namespace, id));
      const wanted = item && JSON.stringify(toDocument(fromItem(item)));
      const text = this.#channels.get(id)?.text;
      if (text !== wanted) differences.push(`${id} is ${text}, and not ${wanted}`);
    }
    return differences;
  }

  #fail(id: string, reason: string): void {
    this.#world.fail(new Error(`In a copy of ${this.#namespace}, the channel ${id} ${reason}`));
  }
}

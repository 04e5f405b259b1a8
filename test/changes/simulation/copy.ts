import type { ChannelDocument } from '../../../lib/channels/document-schema.ts';
import { channelsTable, type World } from './world.ts';

/** The last state of a channel that the copy had. */
interface LastState {
  version: number;
  isGone: boolean;
}

/**
 * The copy of a namespace that a reader keeps. It checks everything that is stored: each channel is a state that it really had,
 * and it never goes back.
 */
export class Copy {
  readonly #world: World;
  readonly #namespace: string;
  /** The documents as JSON, by id. */
  readonly #documents = new Map<string, string>();
  readonly #lastStates = new Map<string, LastState>();
  /** The channels that the present first reading has brought. */
  readonly #brought = new Set<string>();

  constructor(world: World, namespace: string) {
    this.#world = world;
    this.#namespace = namespace;
  }

  beginReading(): void {
    this.#brought.clear();
  }

  /** Drops the channels that the first reading did not bring. */
  endReading(): void {
    for (const id of this.#documents.keys()) if (!this.#brought.has(id)) this.delete(id);
  }

  /**
   * Stores an upsert of a page, or an own write. A reader that writes while its first reading runs counts what it writes as
   * brought: the change may have no number when the reading is complete.
   */
  upsert(document: ChannelDocument): void {
    const { _id: id, __v: version } = document;
    const text = JSON.stringify(document);
    const real = this.#world.history.at(this.#namespace, id, version)?.text;
    if (text !== real) this.#fail(id, `never was ${text}, but ${real}`);
    const last = this.#lastStates.get(id);
    if (last && (version < last.version || (version === last.version && last.isGone)))
      this.#fail(id, `goes back to ${version} from ${JSON.stringify(last)}`);
    this.#lastStates.set(id, { version, isGone: false });
    this.#documents.set(id, text);
    this.#brought.add(id);
  }

  /** @param known the version of the deletion, if the reader knows it */
  delete(id: string, known?: number): void {
    if (!this.#documents.has(id) && known === undefined) return;
    const { version: last = -1 } = this.#lastStates.get(id) ?? {};
    const version = known ?? this.#world.history.nextDeletion(this.#namespace, id, last);
    if (version === undefined) this.#fail(id, `was not deleted after ${last}`);
    else this.#lastStates.set(id, { version, isGone: true });
    this.#documents.delete(id);
  }

  /** What differs from the table. */
  differences(): string[] {
    const { database, ids, system } = this.#world;
    const { keys, toDocument, fromItem } = system;
    return [...new Set([...ids, ...this.#documents.keys()])].flatMap((id) => {
      const item = database.item(channelsTable, keys.channel(this.#namespace, id));
      const wanted = item && JSON.stringify(toDocument(fromItem(item)));
      const text = this.#documents.get(id);
      return text === wanted ? [] : [`${id} is ${text}, and not ${wanted}`];
    });
  }

  #fail(id: string, reason: string): void {
    this.#world.fail(new Error(`In a copy of ${this.#namespace}, the channel ${id} ${reason}`));
  }
}

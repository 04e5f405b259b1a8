import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Change } from '../../../lib/dynamodb/stream-record.ts';
import type * as System from './system.ts';

/** A state that a channel really had in a namespace. */
export interface State {
  version: number;
  /** The document, as JSON. Undefined: the channel was deleted, or had left the namespace. */
  text: string | undefined;
  /** Who wrote this version. */
  by: string;
  /** The time that the writer gave it. */
  at: number;
}

/** All states that the channels really had, as their writers made them. */
export class ChannelHistory {
  readonly #system: typeof System;
  readonly #states = new Map<string, Map<number, State>>();
  readonly #committedAt = new Map<string, number>();
  readonly #shown = new Set<string>();

  constructor(system: typeof System) {
    this.#system = system;
  }

  /** Adds the states that a write has made. @param now not by the writer's clock */
  add(items: Item[], now: number): void {
    for (const item of items) {
      const [namespace, id, state] = this.#read(item);
      const name = `${namespace} ${id}`;
      const states = this.#states.get(name) ?? new Map<number, State>();
      this.#states.set(name, states);
      if (states.has(state.version)) continue;
      states.set(state.version, state);
      this.#committedAt.set(`${name} ${state.by} ${state.at}`, now);
    }
  }

  /** When a change was made. */
  committedAt(namespace: string, { id, by, at }: { id: string; by: string; at: number }): number {
    return this.#committedAt.get(`${namespace} ${id} ${by} ${at}`) as number;
  }

  /** The state of a channel at a version. */
  at(namespace: string, id: string, version: number): State | undefined {
    return this.#states.get(`${namespace} ${id}`)?.get(version);
  }

  /** The first version after another one at which the channel was gone from the namespace. */
  nextDeletion(namespace: string, id: string, version: number): number | undefined {
    const versions = [...(this.#states.get(`${namespace} ${id}`)?.values() ?? [])]
      .filter((state) => state.text === undefined && state.version > version)
      .map((state) => state.version);
    return versions.length ? Math.min(...versions) : undefined;
  }

  /** The state that a change of an item shows for the first time, if it does. */
  newStateIn({ after }: Change): { namespace: string; id: string; state: State } | undefined {
    if (!after) return undefined;
    const [namespace, id, state] = this.#read(after);
    const name = `${namespace} ${id} ${state.version}`;
    if (this.#shown.has(name)) return undefined;
    this.#shown.add(name);
    return { namespace, id, state };
  }

  #read(item: Item): [namespace: string, id: string, state: State] {
    const { fromItem, namespaceOf, readTombstoneKey, toDocument } = this.#system;
    const { pk, sk } = item as { pk: string; sk: string };
    const tombstoneOf = readTombstoneKey(sk);
    const { __v, writtenBy, updatedAt, deletedAt } = item as Record<string, number> & { writtenBy: string };
    const text = tombstoneOf === undefined ? JSON.stringify(toDocument(fromItem(item))) : undefined;
    const state = { version: __v, text, by: writtenBy, at: deletedAt ?? updatedAt } as State;
    return [namespaceOf(pk), tombstoneOf ?? sk, state];
  }
}

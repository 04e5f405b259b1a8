import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Random } from '../../support/random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Key {
  pk: string;
  sk: string;
}

/** An item with its former states, for reads that are not strongly consistent. */
export interface Slot {
  states: { since: number; item: Item | undefined }[];
  /** Whether a transaction is about to write it. */
  isLocked: boolean;
}

/** A range of sort keys in a partition, both ends included. */
export interface Range {
  pk: string;
  first: string;
  last: string;
}

const maxLagMs = 2_000;

export const latest = ({ states }: Slot): Item | undefined => states.at(-1)?.item;

/** The items of all tables. A read that is not strongly consistent sees a state that is up to two seconds old. */
export class MemoryTables {
  readonly #tables = new Map<string, Map<string, Map<string, Slot>>>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** The place of an item. It is made if there is none yet. */
  slot(table: string, { pk, sk }: Key): Slot {
    const partitions = this.#tables.get(table) ?? new Map<string, Map<string, Slot>>();
    this.#tables.set(table, partitions);
    const slots = partitions.get(pk) ?? new Map<string, Slot>();
    partitions.set(pk, slots);
    const slot = slots.get(sk) ?? { states: [{ since: 0, item: undefined }], isLocked: false };
    slots.set(sk, slot);
    return slot;
  }

  read(table: string, { pk, sk }: Key, isConsistent: boolean): Item | undefined {
    const slot = this.#tables.get(table)?.get(pk)?.get(sk);
    return slot && this.#readSlot(slot, isConsistent);
  }

  readRange(table: string, { pk, first, last }: Range, isConsistent: boolean): Item[] {
    return [...(this.#tables.get(table)?.get(pk) ?? [])]
      .filter(([sk]) => first <= sk && sk <= last)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, slot]) => this.#readSlot(slot, isConsistent))
      .filter((item) => item !== undefined);
  }

  show(slot: Slot, item: Item | undefined): void {
    slot.states.push({ since: this.#scheduler.now, item });
  }

  #readSlot(slot: Slot, isConsistent: boolean): Item | undefined {
    if (isConsistent) return latest(slot);
    const time = this.#scheduler.now - this.#random.below(maxLagMs);
    return slot.states.findLast(({ since }) => since <= time)?.item;
  }
}

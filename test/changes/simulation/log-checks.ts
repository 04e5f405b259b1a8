import type { Item } from '../../../lib/dynamodb/item.ts';
import type { Change } from '../../../lib/dynamodb/stream-record.ts';

const readEntry = ({ pk, sk }: Item) => {
  const [, namespace, generation] = (pk as string).split('#');
  return generation === undefined ? undefined : { namespace, log: pk as string, number: Number(sk) };
};

/** What an entry says. */
export interface Entry {
  id: string;
  by: string;
  at: number;
}

/** One change log: which numbers are given, and which of them every strongly consistent read sees. */
interface Log {
  /** When each entry was written, by number. */
  committedAt: Map<number, number>;
  visible: Set<number>;
  /** Every strongly consistent read sees the entries up to this number. */
  lastVisible: number;
  entries: Map<number, Entry>;
}

const nameOfChange = (namespace: string, id: string, by: string, at: number) =>
  `${namespace} ${id} ${by} ${at}`;

/** Checks the change logs while they are written: numbers are dense and unique, and entries are only of changes. */
export class LogChecks {
  readonly #logs = new Map<string, Log>();
  readonly #delivered = new WeakMap<object, Set<string>>();
  readonly #numbered = new WeakMap<object, Set<string>>();
  readonly #fail: (reason: Error) => void;

  constructor(fail: (reason: Error) => void) {
    this.#fail = fail;
  }

  /** Notes the changes with a new version that a process gets from the stream. It may number only these. */
  deliver(process: object, changes: { namespace: string; id: string; by: string; at: number }[]): void {
    const names = changes.map(({ namespace, id, by, at }) => nameOfChange(namespace, id, by, at));
    this.#delivered.set(process, new Set(names));
    this.#numbered.set(process, new Set());
  }

  /** Checks that a process which reports success has given a number to each channel and writer. */
  succeeded(process: object, changes: { namespace: string; id: string; by: string }[]): void {
    for (const { namespace, id, by } of changes)
      if (!this.#numbered.get(process)?.has(`${namespace} ${id} ${by}`))
        this.#fail(new Error(`The change of ${id} by ${by} in ${namespace} has no number`));
  }

  committed(items: Item[], process: unknown, now: number): void {
    for (const item of items) {
      const entry = readEntry(item);
      if (!entry) continue;
      const { log: name, namespace = '', number } = entry;
      const { id, by, at } = item as unknown as Entry;
      const log = this.log(name);
      if (number !== log.committedAt.size + 1)
        this.#fail(new Error(`${name} gets the number ${number} after ${log.committedAt.size}`));
      log.committedAt.set(number, now);
      log.entries.set(number, { id, by, at });
      this.#numbered.get(process as object)?.add(`${namespace} ${id} ${by}`);
      const isChange = this.#delivered.get(process as object)?.has(nameOfChange(namespace, id, by, at));
      if (!isChange) this.#fail(new Error(`${name} ${number} is no change: ${id} by ${by} at ${at}`));
    }
  }

  completed(changes: Change[]): void {
    for (const { after } of changes) {
      const entry = after && readEntry(after);
      if (!entry) continue;
      const log = this.log(entry.log);
      log.visible.add(entry.number);
      while (log.visible.has(log.lastVisible + 1)) log.lastVisible++;
    }
  }

  log(name: string): Log {
    const log = this.#logs.get(name) ?? {
      committedAt: new Map(),
      visible: new Set(),
      lastVisible: 0,
      entries: new Map(),
    };
    this.#logs.set(name, log);
    return log;
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { type ChangesAnswer, requestChanges } from '../support/change-feed.ts';
import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';
import type { CopyStates } from './judge-copies.ts';

export interface ChangeReader {
  namespace: string;
  /** Whether it reads with `exclude_self`, and writes too. */
  writes: boolean;
  /** The channels of its copy, by id. */
  copy: Map<string, ChannelDocument>;
  /** All states that channels had in its copy, by id. */
  states: Map<string, CopyStates>;
  pages: number;
  rows: number;
  /** How many answers it lost before it stored them, and so asked for again. */
  stops: number;
  /** Own writes that were done. */
  written: number;
  /** Answers that no request for changes may get. */
  unexpected: string[];
  /** Reads, and writes if it is one that writes, until `isOver`, and then reads to the end. */
  run(isOver: () => boolean): Promise<void>;
  /** Reads until `has_more` is false. */
  readToEnd(): Promise<void>;
}

const isWorthRepeating = ({ status }: Reply) => [409, 429, 503].includes(status);
const pollMs = 20;

/** A reader of the changes of a namespace, as a connector is: it stores its cursor together with its copy. */
export const newChangeReader = (
  { call }: Service,
  { key, namespace, writes, random }: { key: string; namespace: string; writes: boolean; random: Random },
): ChangeReader => {
  let cursor: string | undefined;
  let hasMore = true;

  /** Repeats a request until its answer says what happened. */
  const decide = async (route: string, options: Call = {}): Promise<Reply> => {
    const headers = { 'x-company-namespace': namespace, ...options.headers };
    const ask = () =>
      call(route, { key, ...options, headers }).catch((): Reply => ({ status: 503, headers: {}, body: {} }));
    let reply = await ask();
    while (isWorthRepeating(reply)) reply = await ask();
    return reply;
  };

  const store = (id: string, document: ChannelDocument | undefined) => {
    reader.states.set(id, [...(reader.states.get(id) ?? []), document]);
    if (document) reader.copy.set(id, document);
    else reader.copy.delete(id);
  };

  const apply = ({ data, pagination }: ChangesAnswer) => {
    for (const row of data)
      if (row.type === 'upsert') store(row.channel._id, row.channel);
      else store(row._id, undefined);
    cursor = pagination.next_cursor;
    hasMore = pagination.has_more;
    reader.pages++;
    reader.rows += data.length;
  };

  const readPage = async (): Promise<void> => {
    const query = { cursor, per_page: 1 + random.below(8), ...(writes && { exclude_self: true }) };
    const asked = { call: (route: string, options?: Call) => decide(route, options) };
    const { status, body } = await requestChanges(asked, query);
    if (status !== 200) {
      reader.unexpected.push(`${namespace}: ${status} ${JSON.stringify(body)}`);
      hasMore = false;
    } else if (random.next() < 0.1) {
      reader.stops++;
      hasMore = true;
    } else apply(body);
  };

  /** A change of a channel. Undefined deletes it, which is rare: it is gone for all others. */
  const someChange = ({ name, disabled }: ChannelDocument): object | undefined =>
    random.next() < 0.04
      ? undefined
      : random.pick<object>([
          { name: `${name.split(' ')[0]} r${random.below(1e6)}` },
          { integration_meta: { by: random.below(1e6) } },
          { disabled: !disabled },
          { company_namespace: [namespace] },
        ]);

  /**
   * Changes a channel of the copy. `If-Match` makes it safe to repeat the request: if a later attempt is answered, no
   * earlier one can be done any more. So the reader knows what it has written, and needs not to read it.
   */
  const write = async (): Promise<void> => {
    if (!reader.copy.size) return;
    const channel = random.pick([...reader.copy.values()]);
    const route = `/client-channel/${channel._id}`;
    const headers = { 'if-match': `"${channel.__v}"` };
    const body = someChange(channel);
    const reply = await decide(body ? `PUT ${route}` : `DELETE ${route}`, { headers, ...(body && { body }) });
    if (reply.status === 200) {
      reader.written++;
      store(channel._id, body && reply.body.data);
      return;
    }
    // Somebody else was faster, or an earlier attempt was done and its answer lost.
    const current = await decide(`GET ${route}`);
    if (current.status === 200 || current.status === 404) store(channel._id, current.body.data);
    else reader.unexpected.push(`GET ${route}: ${current.status}`);
  };

  const readToEnd = async (): Promise<void> => {
    do await readPage();
    while (hasMore);
  };

  const reader: ChangeReader = {
    namespace,
    writes,
    copy: new Map(),
    states: new Map(),
    pages: 0,
    rows: 0,
    stops: 0,
    written: 0,
    unexpected: [],
    readToEnd,
    run: async (isOver) => {
      while (!isOver() && !reader.unexpected.length) {
        await readPage();
        if (writes) await write();
        if (!hasMore) await pause(pollMs);
        // Now and then it is stopped, and comes back later.
        if (random.next() < 0.05) await pause(20 * pollMs);
      }
    },
  };
  return reader;
};

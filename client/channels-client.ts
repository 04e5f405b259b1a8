import { ChannelsError } from './channels-error.ts';
import { type ChannelQuery, toQueryString } from './encode-query.ts';
import { persistently } from './send-with-retries.ts';
import type { Channel, ChannelChange, ChannelCreation, Pagination } from './types.ts';

export interface ClientOptions {
  /** Where the service is: `https://….amazonaws.com`, or `http://localhost:3030`. */
  url: string;
  /** The API key. */
  key: string;
  /** The company namespace to act in; absent, the first that the key holds. */
  namespace?: string;
  /** Another `fetch` than the platform's. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** Ends the call, its pauses included: `AbortSignal.timeout(10_000)`, say. */
  signal?: AbortSignal;
  /** The name of the request in answers and in the service's logs. */
  requestId?: string;
}

export interface WriteOptions extends CallOptions {
  /** Acts only on the version of the channel as it was read, or on any that is there: `*`. */
  ifMatch?: Pick<Channel, '__v'> | '*';
}

export interface ChannelPage {
  data: Channel[];
  pagination: Pagination;
}

interface Call extends CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

const collection = '/client-channel';
const pathOf = (id: string) => `${collection}/${encodeURIComponent(id)}`;
const tagOf = ({ __v }: Pick<Channel, '__v'>) => `"${__v}"`;
const onlyFor = ({ ifMatch }: WriteOptions): Record<string, string> =>
  ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? ifMatch : tagOf(ifMatch) };

/**
 * The channels of one company namespace. Every method rejects with a `ChannelsError` for what the service refuses, with
 * `fetch`'s own error where there was no answer, and with the signal's reason. Reads and creations are tried three times.
 */
export class ChannelsClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  constructor({ url, key, namespace, fetch: given = fetch }: ClientOptions) {
    this.#url = url.replace(/\/$/, '');
    this.#headers = { 'api-key': key, ...(namespace !== undefined && { 'x-company-namespace': namespace }) };
    this.#fetch = (...request) => given(...request);
  }

  /** One page. */
  async list(query: ChannelQuery = {}, options: CallOptions = {}): Promise<ChannelPage> {
    const answer = await this.#send('GET', `${collection}?${toQueryString(query)}`, options);
    const { data, pagination } = await answer.json();
    return { data, pagination };
  }

  /** All channels that match, page by page as they are asked for. One that nobody writes meanwhile comes exactly once. */
  async *all(
    query: Omit<ChannelQuery, 'page' | 'per_page' | 'cursor'> = {},
    options: CallOptions = {},
  ): AsyncGenerator<Channel, void, undefined> {
    let position: Pick<ChannelQuery, 'cursor'> | undefined = {};
    let per_page = 100;
    while (position) {
      try {
        const page: ChannelPage = await this.list({ ...query, ...position, per_page }, options);
        yield* page.data;
        const { next_cursor: cursor } = page.pagination;
        position = cursor === undefined ? undefined : { cursor };
      } catch (error) {
        // Channels of 64 KiB each fit an answer, but not by the hundred.
        if (!(error instanceof ChannelsError && error.code === 'page_too_large')) throw error;
        per_page = Math.ceil(per_page / 2);
      }
    }
  }

  /**
   * Creates a channel, once: a repetition under the same key within 24 hours answers the first creation again.
   * @param options.idempotencyKey absent, one of this call's own, under which the client itself repeats it
   */
  async create(
    channel: ChannelCreation,
    { idempotencyKey = crypto.randomUUID(), ...options }: CallOptions & { idempotencyKey?: string } = {},
  ): Promise<Channel> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.#one('POST', collection, { ...options, body: channel, headers });
  }

  /**
   * Reads one channel.
   * @param options.known the channel as it was read before: where it is still that version, the very same is answered
   */
  async get(id: string, { known, ...options }: CallOptions & { known?: Channel } = {}): Promise<Channel> {
    const headers: Record<string, string> = known ? { 'if-none-match': tagOf(known) } : {};
    const answer = await this.#send('GET', pathOf(id), { ...options, headers });
    return known && answer.status === 304 ? known : (await answer.json()).data;
  }

  /** Changes what is given; `null` removes it. A whole channel may be given, as it was read. */
  async update(id: string, change: ChannelChange, options: WriteOptions = {}): Promise<Channel> {
    return this.#one('PUT', pathOf(id), { ...options, body: change, headers: onlyFor(options) });
  }

  /** Deletes a channel, and answers it as it last was. */
  async delete(id: string, options: WriteOptions = {}): Promise<Channel> {
    return this.#one('DELETE', pathOf(id), { ...options, headers: onlyFor(options) });
  }

  async #one(method: string, path: string, call: Call): Promise<Channel> {
    const answer = await this.#send(method, path, call);
    return (await answer.json()).data;
  }

  #send(method: string, path: string, { body, headers, signal, requestId }: Call): Promise<Response> {
    const request: RequestInit = {
      method,
      headers: {
        ...this.#headers,
        ...headers,
        ...(requestId !== undefined && { 'x-request-id': requestId }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    const isRepeatable = method === 'GET' || method === 'POST';
    return persistently(() => this.#fetch(this.#url + path, request), isRepeatable, signal);
  }
}

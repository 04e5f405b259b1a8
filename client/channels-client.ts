import { type ChangesAnswer, type ChangesOptions, type ChangesPage, readChanges } from './changes.ts';
import { type ChannelQuery, encodeQuery } from './channel-query.ts';
import { ChannelsError, NoResponseError } from './channels-error.ts';
import { checkOptions } from './check-options.ts';
import { sendWithRetries } from './send-with-retries.ts';
import type {
  Channel,
  ChannelChange,
  ChannelCreation,
  ChannelVersion,
  OwnKey,
  Pagination,
  UpsertRow,
} from './types.ts';
import { toUpsertBody, type UpsertAnswer, type UpsertOptions } from './upsert.ts';
import { type UpsertedRow, type UpsertProgress, upsertAll } from './upsert-all.ts';
import { toUpsertBatches } from './upsert-batches.ts';
import { sendWritable } from './writable-rows.ts';

export interface ClientOptions {
  /** The base URL of the service: `https://….amazonaws.com`, or `http://localhost:3030`. */
  url: string;
  /** The API key. */
  key: string;
  /** The company namespace to act in. By default, the first that the key holds. */
  namespace?: string;
  /** Replaces the `fetch` of the platform. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** Aborts the call, also while it waits for a retry: for example `AbortSignal.timeout(10_000)`. */
  signal?: AbortSignal;
  /** The id of the request, in its response and in the logs of the service. */
  requestId?: string;
}

export interface WriteOptions extends CallOptions {
  /** Writes only if the channel still has the version of this object, which was read before; `*` means any version. */
  ifMatch?: Pick<Channel, '__v'> | '*';
}

export interface ChannelPage {
  data: Channel[];
  pagination: Pagination;
}

interface Call extends CallOptions {
  sendOnce?: boolean;
  body?: unknown;
  headers?: Record<string, string>;
}

const callOptions = ['signal', 'requestId'];
const writeOptions = ['ifMatch', ...callOptions];
const upsertOptions = ['match', 'dryRun', 'where', ...callOptions];

const collection = '/client-channel';
const pathOf = (id: string) => `${collection}/${encodeURIComponent(id)}`;
const etagOf = ({ __v }: Pick<Channel, '__v'>) => `"${__v}"`;
const ifMatchHeader = ({ ifMatch }: WriteOptions): Record<string, string> =>
  ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? ifMatch : etagOf(ifMatch) };

/** A text can be iterated over, too. But its characters are no rows. */
const isIterable = (rows: unknown): boolean =>
  typeof rows === 'object' && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows);

/** The error of `fetch` says only "fetch failed". It keeps the reason in its cause, sometimes only as a code. */
const noResponse = (url: string, error: Error): Error => {
  const { message, code } = (error.cause ?? error) as Error & { code?: string };
  const reason = message || code;
  return new NoResponseError(
    `There is no response from ${url} (${reason}). Check this URL, and that the service runs there.`,
    { cause: error },
  );
};

/**
 * The channels of one company namespace. Every method rejects with a `ChannelsError` for an error response, with a
 * `NoResponseError` that names the URL if there is no response, with the signal's reason, or with a TypeError for an option that it does not
 * have. A request is sent at most three times: see `sendWithRetries`.
 */
export class ChannelsClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  /** @throws TypeError without a `url` or a `key`, and for an unknown option */
  constructor(options: ClientOptions) {
    checkOptions('ChannelsClient', options, ['url', 'key', 'namespace', 'fetch']);
    const { url, key, namespace, fetch: send = fetch } = options;
    for (const [name, value] of Object.entries({ url, key }))
      if (typeof value !== 'string')
        throw new TypeError(`ChannelsClient needs the option "${name}", a string.`);
    this.#url = url.replace(/\/$/, '');
    this.#headers = { 'api-key': key, ...(namespace !== undefined && { 'x-company-namespace': namespace }) };
    this.#fetch = (...request) => send(...request);
  }

  /** Reads one page. */
  async list(query: ChannelQuery = {}, options: CallOptions = {}): Promise<ChannelPage> {
    checkOptions('list', options, callOptions);
    const response = await this.#send('GET', `${collection}?${encodeQuery(query)}`, options);
    const { data, pagination } = await response.json();
    return { data, pagination };
  }

  /**
   * Iterates over all the channels that match, and reads a page when it is needed. A channel that nobody changes
   * meanwhile is returned exactly once.
   */
  async *all(
    query: Omit<ChannelQuery, 'page' | 'per_page' | 'cursor'> = {},
    options: CallOptions = {},
  ): AsyncGenerator<Channel, void, undefined> {
    checkOptions('all', options, callOptions);
    let start: Pick<ChannelQuery, 'cursor'> | undefined = {};
    let per_page = 100;
    while (start) {
      try {
        const page: ChannelPage = await this.list({ ...query, ...start, per_page }, options);
        yield* page.data;
        const { next_cursor: cursor } = page.pagination;
        start = cursor === undefined ? undefined : { cursor };
      } catch (error) {
        // Channels of 64 KiB each: 100 of them do not fit in one response.
        if (!(error instanceof ChannelsError && error.code === 'page_too_large')) throw error;
        per_page = Math.ceil(per_page / 2);
      }
    }
  }

  /**
   * Creates a channel once: another call with the same key within 24 hours returns the channel that the first created.
   * @param options.idempotencyKey by default a new key for this call, which covers only the client's own retries
   */
  async create(
    channel: ChannelCreation,
    { idempotencyKey = crypto.randomUUID(), ...options }: CallOptions & { idempotencyKey?: string } = {},
  ): Promise<Channel> {
    checkOptions('create', options, ['idempotencyKey', ...callOptions]);
    const headers = { 'idempotency-key': idempotencyKey };
    return this.#sendForChannel('POST', collection, { ...options, body: channel, headers });
  }

  /**
   * Reads one channel.
   * @param options.known the channel as it was read before: if it still has that version, this very object is returned
   */
  async get(id: string, { known, ...options }: CallOptions & { known?: Channel } = {}): Promise<Channel> {
    checkOptions('get', options, ['known', ...callOptions]);
    const headers: Record<string, string> = known ? { 'if-none-match': etagOf(known) } : {};
    const response = await this.#send('GET', pathOf(id), { ...options, headers });
    return known && response.status === 304 ? known : (await response.json()).data;
  }

  /** Changes the given fields; `null` removes a field. A whole channel, as it was read, is a valid change too. */
  async update(id: string, change: ChannelChange, options: WriteOptions = {}): Promise<Channel> {
    checkOptions('update', options, writeOptions);
    return this.#sendForChannel('PUT', pathOf(id), {
      ...options,
      body: change,
      headers: ifMatchHeader(options),
    });
  }

  /** Deletes a channel, and returns its last state. */
  async delete(id: string, options: WriteOptions = {}): Promise<Channel> {
    checkOptions('delete', options, writeOptions);
    return this.#sendForChannel('DELETE', pathOf(id), { ...options, headers: ifMatchHeader(options) });
  }

  /**
   * Creates, changes and deletes channels that are matched by an external key, in one request. Each row is done or fails
   * alone: look at the result of each, because a row that fails is no error here. It is safe to repeat the call. If the
   * client had to do that, rows that were done the first time are `unchanged`.
   * @param rows 1 to 100, of at most 2 MiB in JSON. A row that JSON cannot express (a BigInt) fails, and is not sent
   * @param options.sendOnce does not send the request again if it may have been carried out: what others have changed since
   *   would be overwritten
   */
  async upsert(
    rows: UpsertRow[],
    options: UpsertOptions & CallOptions & { sendOnce?: boolean } = {},
  ): Promise<UpsertAnswer> {
    checkOptions('upsert', options, ['sendOnce', ...upsertOptions]);
    if (!Array.isArray(rows)) throw new TypeError('The rows of upsert must be an array.');
    return sendWritable(rows, async (writable) => {
      const body = toUpsertBody(writable, options);
      const response = await this.#send('POST', `${collection}/upsert`, { ...options, body });
      const { data, summary } = await response.json();
      return { data, summary };
    });
  }

  /**
   * Upserts any number of rows, in batches, one after the other. It reads rows when it needs them, and holds one batch in
   * memory. A row with the key of an earlier row applies after it. Rows that failed with `conflict`, `too_many_requests`
   * or `unavailable` are sent again, at most five times in all.
   *
   * A request that fails is tried for about half a minute. Then the iteration ends with its error. The rows whose results you have are done. It is safe
   * to send all rows again.
   * @param options.onProgress is called after each batch. The last call has the totals
   * @returns the results in the order of the rows. Nothing is sent until you read them
   * @throws TypeError for an unknown option, and for rows that cannot be iterated over
   */
  upsertAll(
    rows: Iterable<UpsertRow> | AsyncIterable<UpsertRow>,
    options: UpsertOptions & CallOptions & { onProgress?: (progress: UpsertProgress) => void } = {},
  ): AsyncGenerator<UpsertedRow, void, undefined> {
    checkOptions('upsertAll', options, ['onProgress', ...upsertOptions]);
    if (!isIterable(rows))
      throw new TypeError(
        'The rows of upsertAll must be an iterable, such as an array or an async generator.',
      );
    const { onProgress, ...sent } = options;
    const send = (batch: UpsertRow[]) => this.upsert(batch, sent);
    return upsertAll(send, toUpsertBatches(rows, options), options);
  }

  /**
   * Iterates over the changes of the namespace, with deletions, and reads a page when it is needed. Without a position, it
   * brings every channel first. It ends when there are no more changes: come back later with the last position. A page may
   * come twice if its position was not stored; this is harmless.
   *
   * A position works for 90 days. After that, the iteration starts from the beginning by itself, with a new `reading`.
   */
  changes(options: ChangesOptions & CallOptions = {}): AsyncGenerator<ChangesPage, void, undefined> {
    checkOptions('changes', options, ['position', 'excludeSelf', 'perPage', ...callOptions]);
    const { excludeSelf: exclude_self, perPage: per_page } = options;
    const readPage = async (cursor: string | undefined): Promise<ChangesAnswer> => {
      const query = encodeQuery({ exclude_self, per_page, cursor });
      const response = await this.#send('GET', `${collection}/changes?${query}`, options);
      return response.json();
    };
    return readChanges(readPage, options.position);
  }

  /**
   * Iterates over the versions of a channel, newest first, and reads a page when it is needed. Also those of a deleted
   * channel.
   */
  async *history(id: string, options: CallOptions = {}): AsyncGenerator<ChannelVersion, void, undefined> {
    let start: { cursor?: string } | undefined = {};
    while (start) {
      const query = encodeQuery({ per_page: 100, ...start });
      const response = await this.#send('GET', `${pathOf(id)}/history?${query}`, options);
      const { data, pagination } = await response.json();
      yield* data as ChannelVersion[];
      const { next_cursor: cursor } = pagination;
      start = cursor === undefined ? undefined : { cursor };
    }
  }

  /**
   * Brings a deleted channel back as it was, with its id. A channel that is there stays unchanged, so it is safe to repeat the
   * call. It fails with `conflict` if another channel has its `external_id` or `id` by now, and with `not_found` if the deletion
   * is more than 90 days ago.
   */
  async restore(id: string, options: CallOptions = {}): Promise<Channel> {
    return this.#sendForChannel('POST', `${pathOf(id)}/restore`, options);
  }

  /** Reads what the own API key may do: its namespaces, its scopes and its expiry. */
  async me(options: CallOptions = {}): Promise<OwnKey> {
    checkOptions('me', options, callOptions);
    const response = await this.#send('GET', '/me', options);
    return (await response.json()).data;
  }

  async #sendForChannel(method: string, path: string, call: Call): Promise<Channel> {
    const response = await this.#send(method, path, call);
    return (await response.json()).data;
  }

  #send(
    method: string,
    path: string,
    { body, headers, signal, requestId, sendOnce = false }: Call,
  ): Promise<Response> {
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
    // A creation has an idempotency key, an upsert matches what it has created, and a restore leaves a channel that is there.
    const isRepeatable = (method === 'GET' || method === 'POST') && !sendOnce;
    const send = () =>
      this.#fetch(this.#url + path, request).catch((error: Error) => {
        throw signal?.aborted ? error : noResponse(this.#url, error);
      });
    return sendWithRetries(send, isRepeatable, signal);
  }
}

import assert from 'node:assert/strict';
import type { ChannelChange } from '../../lib/changes/read-changes.ts';
import { eventually } from './eventually.ts';
import type { Call, Reply, Service } from './service.ts';

/** The answer to one request for changes. */
export interface ChangesAnswer {
  data: ChannelChange[];
  pagination: { per_page: number; next_cursor: string; has_more: boolean };
}

const routeOf = (query: Record<string, unknown>): string =>
  `GET /client-channel/changes?${new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, `${value}`]),
  )}`;

/** Sends one request for changes. Parameters that are undefined are left out. */
export const requestChanges = (
  { call }: Pick<Service, 'call'>,
  query: Record<string, unknown>,
  options: Call = {},
): Promise<Reply> => call(routeOf(query), options);

/** Reads pages until `has_more` is false. @returns the pages, at least one */
export const readToEnd = async (
  service: Pick<Service, 'call'>,
  query: Record<string, unknown>,
  options: Call = {},
): Promise<[ChangesAnswer, ...ChangesAnswer[]]> => {
  const read = async (cursor: unknown): Promise<ChangesAnswer> => {
    const { status, body } = await requestChanges(service, { ...query, cursor }, options);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const pages: [ChangesAnswer, ...ChangesAnswer[]] = [await read(query.cursor)];
  for (let last = pages[0]; last.pagination.has_more; pages.push(last))
    last = await read(last.pagination.next_cursor);
  return pages;
};

export const cursorAfter = (pages: ChangesAnswer[]): string => pages.at(-1)?.pagination.next_cursor as string;

/**
 * Waits until these events are published: then the changes are in the change log, because changes are numbered before.
 * @param ids the ids of events: `<namespace>:<channel>:<version>`
 */
export const untilNumbered = ({ events }: Pick<Service, 'events'>, ids: string[]): Promise<void> =>
  eventually(() => {
    const published = new Set(events.map(({ detail }) => detail.id));
    assert.deepEqual(
      ids.filter((id) => !published.has(id)),
      [],
    );
  });

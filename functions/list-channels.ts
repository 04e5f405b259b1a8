import { toDocument } from '../lib/channels/channel.ts';
import { readCursorConfig } from '../lib/config.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { checkPageSize } from '../lib/lists/limits.ts';
import { linkHeader } from '../lib/lists/link-header.ts';
import { parseListQuery } from '../lib/lists/query/list-query.ts';
import { readList } from '../lib/lists/read-list.ts';

const { CURSOR_SECRET, CURSOR_SECRET_PREVIOUS } = readCursorConfig();
const cursorKeys = { current: CURSOR_SECRET, previous: CURSOR_SECRET_PREVIOUS };

export const handler = endpoint(
  'list-channels',
  async ({ channels: table, projections: directory, caller, rawPath, rawQueryString }) => {
    const query = parseListQuery(rawQueryString);
    const { channels, pagination, deepest } = await readList(
      { channels: table, projections: directory },
      caller.namespace,
      query,
      cursorKeys,
    );
    const data = channels.map(toDocument);
    checkPageSize(data);
    const Link = linkHeader(rawPath, rawQueryString, pagination, deepest);
    return { status: 200, headers: { ...(Link !== undefined && { Link }) }, body: { data, pagination } };
  },
);

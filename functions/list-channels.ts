import { toDocument } from '../lib/channels/channel.ts';
import { readCursorSecrets, readProjectionsConfig } from '../lib/config.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { urlOf } from '../lib/http/public-url.ts';
import { checkPageSize } from '../lib/lists/limits.ts';
import { linkHeader } from '../lib/lists/link-header.ts';
import { parseListQuery } from '../lib/lists/query/parse-list-query.ts';
import { readList } from '../lib/lists/read-list.ts';

const { PROJECTIONS_TABLE } = readProjectionsConfig();
const secrets = readCursorSecrets();

export const handler = endpoint('list-channels', async (event, { caller, channels, session }) => {
  const { rawQueryString } = event;
  const query = parseListQuery(rawQueryString);
  const tables = { channels, projections: new Table(session, PROJECTIONS_TABLE) };
  const list = await readList(tables, caller.namespace, query, secrets);
  const data = list.channels.map(toDocument);
  checkPageSize(data);
  const Link = linkHeader(urlOf('/client-channel', ''), rawQueryString, list.pagination, list.maxDepth);
  return {
    status: 200,
    headers: { ...(Link !== undefined && { Link }) },
    body: { data, pagination: list.pagination },
  };
});

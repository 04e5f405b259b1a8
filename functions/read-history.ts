import { readCursorSecrets, readHistoryConfig } from '../lib/config.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { openHistoryCursor, sealHistoryCursor } from '../lib/history/history-cursor.ts';
import { defaultVersionsPerPage, parseHistoryQuery } from '../lib/history/history-query.ts';
import { readHistory } from '../lib/history/read-history.ts';
import { endpoint } from '../lib/http/endpoint.ts';
import { channelIdIn } from '../lib/http/request-parameters.ts';

const { HISTORY_TABLE } = readHistoryConfig();
const secrets = readCursorSecrets();

export const handler = endpoint('read-history', async (event, { caller, channels, session }) => {
  const { cursor, per_page = defaultVersionsPerPage } = parseHistoryQuery(event.rawQueryString);
  const { namespace } = caller;
  // No cursor belongs to a malformed id. Such a request has a wrong cursor (400) before it has a wrong id (404).
  const named = { namespace, id: event.pathParameters?.id?.toLowerCase() ?? '' };
  const after = cursor === undefined ? undefined : openHistoryCursor(cursor, named, secrets);
  const channel = { namespace, id: channelIdIn(event) };
  const tables = { channels, history: new Table(session, HISTORY_TABLE) };
  const { versions, last } = await readHistory(tables, channel, after, per_page);
  const next = last !== undefined && { next_cursor: sealHistoryCursor(last, channel, secrets) };
  return {
    status: 200,
    body: { data: versions, pagination: { per_page, ...next, has_more: last !== undefined } },
  };
});

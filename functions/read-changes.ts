import { openChangeCursor, sealChangeCursor } from '../lib/changes/change-cursor.ts';
import { maxChangesPerPage, parseChangesQuery } from '../lib/changes/changes-query.ts';
import { readChanges } from '../lib/changes/read-changes.ts';
import { readCursorSecrets, readProjectionsConfig } from '../lib/config.ts';
import { Table } from '../lib/dynamodb/table.ts';
import { endpoint } from '../lib/http/endpoint.ts';

const { PROJECTIONS_TABLE } = readProjectionsConfig();
const secrets = readCursorSecrets();

export const handler = endpoint('read-changes', async (event, { caller, channels, session }) => {
  const { namespace, keyId } = caller;
  const {
    cursor,
    per_page = maxChangesPerPage,
    exclude_self = false,
  } = parseChangesQuery(event.rawQueryString);
  const tables = { channels, projections: new Table(session, PROJECTIONS_TABLE) };
  const { changes, next, hasMore } = await readChanges(tables, {
    namespace,
    cursor: cursor === undefined ? undefined : openChangeCursor(cursor, namespace, secrets),
    perPage: per_page,
    excludedKey: exclude_self ? keyId : undefined,
    now: Date.now,
  });
  const next_cursor = sealChangeCursor(next, namespace, secrets);
  return {
    status: 200,
    body: { data: changes, pagination: { per_page, next_cursor, has_more: hasMore } },
  };
});

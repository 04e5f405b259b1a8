import { chunks } from '../chunks.ts';
import type { Progress } from '../output/progress.ts';
import { isChange, type Journal, type Outcome, type Planned, type Sent } from './journal.ts';
import { type Connection, findChannel, findOwnVersion, requestTimeoutMs } from './own-version.ts';

/** Rows that are looked up at a time. */
const concurrency = 8;

const findByKey = async ({ client, signal }: Connection, key: string, match: string): Promise<string[]> => {
  const condition = { [match.slice('integration_meta.'.length)]: [key] };
  const { data } = await client.list({ integration_meta: condition }, { signal });
  return data.map(({ _id }) => _id);
};

/**
 * What this key has done for a row of which the journal has no outcome, as the history tells. If the planned channel is gone, or
 * there was none, the row may have been written to a channel that has its key since the dry run.
 * @returns undefined if it has done nothing
 */
const findOwnChange = async (
  connection: Connection,
  { index, result, key, channel }: Planned,
  sent: Sent,
  match: string,
): Promise<Outcome | undefined> => {
  if (!isChange(result)) return undefined;
  const find = async (_id: string, after: number, types: string[]): Promise<Outcome | undefined> => {
    const own = await findOwnVersion(connection, _id, after, types, sent);
    if (!own) return undefined;
    const { version, at, changed } = own;
    const done = own.type as Outcome['result'];
    return { index, result: done, _id, __v: version, ...(done === 'updated' && { changed }), at };
  };
  if (channel) {
    const found = await find(channel._id, channel.__v, [result]);
    if (found || result === 'deleted' || (await findChannel(connection, channel._id))) return found;
  }
  for (const _id of await findByKey(connection, key as string, match)) {
    const found = await find(_id, -1, ['created', 'updated']);
    if (found) return found;
  }
  return undefined;
};

/** Looks up what this key has done for rows that were sent and have no outcome. */
export const findOwnChanges = async (
  connection: Connection,
  journal: Journal,
  rows: Planned[],
  match: string,
): Promise<Outcome[]> => {
  const found: (Outcome | undefined)[] = [];
  for (const some of chunks(rows, concurrency))
    found.push(
      ...(await Promise.all(
        some.map((planned) =>
          findOwnChange(connection, planned, journal.sent.get(planned.index) as Sent, match),
        ),
      )),
    );
  return found.filter((outcome) => outcome !== undefined);
};

/** Waits until no request with these rows can be under way any more. */
const waitForRequests = async (
  connection: Connection,
  journal: Journal,
  rows: Planned[],
  progress: Pick<Progress, 'wait'>,
): Promise<void> => {
  const sent = rows.map(({ index }) => Date.parse(journal.sent.get(index)?.last ?? ''));
  const left = Math.max(...sent) + requestTimeoutMs - Date.now();
  if (left <= 0) return;
  progress.wait(`Waiting ${Math.ceil(left / 1000)} s for requests of the run that may still be under way…`);
  await connection.pause(left / 1000);
};

/**
 * Finds out which rows of a run that was stopped are done, although the journal has no outcome of them. Sent again, they would undo
 * what others have changed since.
 */
export const findUnrecorded = async (
  connection: Connection,
  journal: Journal,
  match: string,
  progress: Pick<Progress, 'wait'>,
): Promise<Outcome[]> => {
  const rows = journal.withoutOutcome;
  if (!rows.length) return [];
  await waitForRequests(connection, journal, rows, progress);
  progress.wait('Reading in the history what the run has done…');
  return findOwnChanges(connection, journal, rows, match);
};

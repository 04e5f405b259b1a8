import { isChange, type Outcome, type Planned } from './journal.ts';
import { type Connection, findChannel, findOwnVersion } from './own-version.ts';

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
export const findOwnChange = async (
  connection: Connection,
  { index, result, key, channel }: Planned,
  match: string,
): Promise<Outcome | undefined> => {
  if (!isChange(result)) return undefined;
  const find = async (_id: string, after: number, types: string[]): Promise<Outcome | undefined> => {
    const own = await findOwnVersion(connection, _id, after, types);
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

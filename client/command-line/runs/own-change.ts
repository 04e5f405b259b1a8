import { isChange, type Outcome, type Planned } from './journal.ts';
import { type Connection, findOwnVersion } from './own-version.ts';

const findByKey = async ({ client, signal }: Connection, key: string, match: string): Promise<string[]> => {
  const condition = { [match.slice('integration_meta.'.length)]: [key] };
  const { data } = await client.list({ integration_meta: condition }, { signal });
  return data.map(({ _id }) => _id);
};

/**
 * What this key has done for a row of which the journal has no outcome, as the history tells.
 * @returns undefined if it has done nothing
 */
export const findOwnChange = async (
  connection: Connection,
  { index, result, key, channel }: Planned,
  match: string,
): Promise<Outcome | undefined> => {
  if (!isChange(result)) return undefined;
  const ids = channel ? [channel._id] : await findByKey(connection, key as string, match);
  for (const _id of ids) {
    const own = await findOwnVersion(connection, _id, channel?.__v ?? -1, result);
    if (!own) continue;
    const { changed, version, at } = own;
    return { index, result, _id, __v: version, ...(result === 'updated' && { changed }), at };
  }
  return undefined;
};

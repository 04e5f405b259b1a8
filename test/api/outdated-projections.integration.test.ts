import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { keys } from '../../lib/channels/keys.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { foldText } from '../../lib/text/fold.ts';
import { useService } from '../support/use-service.ts';

// Some suffix entries do not come from a change: those of a restored backup, of another Unicode version, or of a version of
// the service that did not search in local names.

const service = useService({ namespaces: ['acme'] });

/** The failures in the log: the channel and the reason. */
let failures: { namespace: string; channel: string; why: string }[];
beforeEach(() => {
  failures = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => {
    const { namespace, channel, causes } = JSON.parse(`${line}`);
    return failures.push({ namespace, channel, why: causes[0].message }) > 0;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const putSuffixEntries = async (id: string, name: string) => {
  for (const entry of suffixEntries('acme', id, name)) await service.projections.put({ Item: { ...entry } });
};

const create = async (name: string): Promise<string> => {
  const { body } = await service.call('POST /client-channel', { body: { name } });
  await applyPending(service, 'acme', [body.data._id]);
  return body.data._id;
};

const search = async (text: string) => {
  const { status, body } = await service.call(`GET /client-channel?search=${text}`);
  return { status, ids: body.data?.map(({ _id }: { _id: string }) => _id), total: body.pagination?.total };
};

/** Creates a channel whose suffix entries lack the local name. */
const createFormer = async (name: string, local_name: string): Promise<string> => {
  const { body } = await service.call('POST /client-channel', { body: { name, local_name } });
  await service.channels.delete({ Key: keys.pendingChange('acme', body.data._id) });
  await putSuffixEntries(body.data._id, foldText(name));
  return body.data._id;
};

describe('a search that finds a suffix entry without the local name of the channel', () => {
  test('returns the channel, reads as much as ever, and logs nothing', async () => {
    const id = await createFormer('Former branch', 'فرع');

    expect(await search('former')).toEqual({ status: 200, ids: [id], total: 1 });
    const { headers } = await service.call('GET /client-channel?search=former&sort=name');
    expect(headers['x-consumed-capacity']).toBe('calls=3; rcu=2; wcu=0');
    expect(failures).toEqual([]);
  });
});

describe('a search that finds a suffix entry which contradicts the table', () => {
  test('leaves out a channel that does not exist, and logs it', async () => {
    const id = await create('Retail shop');
    const missing = '0'.repeat(24);
    await putSuffixEntries(missing, 'retail stall');

    expect(await search('retail')).toEqual({ status: 200, ids: [id], total: 1 });
    expect(failures).toEqual([
      { namespace: 'acme', channel: missing, why: 'The search index is out of date: reindex the namespace' },
    ]);
  });

  test('leaves out a channel that has another local name now, and logs it', async () => {
    const id = await createFormer('Depot', 'شرق');
    await putSuffixEntries(id, 'depot\nغرب');

    expect(await search('غرب')).toEqual({ status: 200, ids: [], total: 0 });
    expect(failures.map(({ channel }) => channel)).toEqual([id]);
  });

  test('uses the name in the table, and logs both channels', async () => {
    const [one, other] = [await create('Straße north'), await create('Corner south')];
    await putSuffixEntries(one, 'straße north');
    await putSuffixEntries(other, 'corner north');

    expect(await search('north')).toEqual({ status: 200, ids: [one], total: 1 });
    expect(failures.map(({ channel }) => channel)).toEqual([one, other]);
  });
});

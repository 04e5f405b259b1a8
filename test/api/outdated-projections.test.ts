import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { suffixEntries } from '../../lib/projections/search-index/suffix-entries.ts';
import { applyPending } from '../../lib/projections/apply/apply-pending.ts';
import { type Service, startService } from '../support/service.ts';

// Entries that no change left: the directory of another moment, after a restore, or folded by another release of Unicode.

let service: Service;
let key: string;
beforeAll(async () => {
  service = await startService();
  key = await service.newKey({ namespaces: ['acme'] });
});
afterAll(() => service.stop());

/** What has been logged as a failure: of which channel, and why. */
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

const enterAs = async (id: string, name: string) => {
  for (const entry of suffixEntries('acme', id, name)) await service.projections.put({ Item: { ...entry } });
};

const create = async (name: string): Promise<string> => {
  const { body } = await service.call('POST /client-channel', { key, body: { name } });
  await applyPending(service, 'acme', [body.data._id]);
  return body.data._id;
};

const search = async (text: string) => {
  const { status, body } = await service.call(`GET /client-channel?search=${text}`, { key });
  return { status, ids: body.data?.map(({ _id }: { _id: string }) => _id), total: body.pagination?.total };
};

describe('a search that finds an entry which the table contradicts', () => {
  test('leaves out a channel that is not there, and logs which', async () => {
    const id = await create('Retail shop');
    const gone = '0'.repeat(24);
    await enterAs(gone, 'retail stall');
    expect(await search('retail')).toEqual({ status: 200, ids: [id], total: 1 });
    expect(failures).toEqual([
      { namespace: 'acme', channel: gone, why: 'The directory is out of date: reindex the namespace' },
    ]);
  });

  test('goes by the name that the table has', async () => {
    const [one, other] = [await create('Straße north'), await create('Corner south')];
    await enterAs(one, 'straße north');
    await enterAs(other, 'corner north');
    expect(await search('north')).toEqual({ status: 200, ids: [one], total: 1 });
    expect(failures.map(({ channel }) => channel)).toEqual([one, other]);
  });
});

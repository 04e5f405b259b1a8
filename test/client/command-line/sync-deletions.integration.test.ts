/** @jest-environment ./test/support/one-realm-environment.ts */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteChannels } from '../../../client/command-line/runs/delete-channels.ts';
import { Journal } from '../../../client/command-line/runs/journal.ts';
import { type Channel, ChannelsClient, ChannelsError } from '../../../client/index.ts';
import { useService } from '../../support/use-service.ts';
import { type Company, connectionOf, ndjson, newClient, row, sentSteps, useCompanies } from './companies.ts';

const service = useService({ consumers: ['publish-events'] });
const newCompany = useCompanies(service);
let { namespace, key, client, folder, storedChannels, seed } = {} as Company;
beforeEach(async () => {
  ({ namespace, key, client, folder, storedChannels, seed } = await newCompany());
});
/** Begins a command, and stops it after it has written down that it begins. */
const stopAtOnce = (...args: string[]) => {
  const stopped = new AbortController();
  const say = (text: string) => {
    if (/\d of \d/.test(text)) stopped.abort();
  };
  const terminal = { isInteractive: true, say, signal: stopped.signal };
  return folder.runWith(terminal, ...args, '--url', service.url);
};

describe('a sync', () => {
  const where = ['--where', 'integration_meta.source=sap'];
  const sap = (n: number) => row(`k-${n}`, `Name ${n}`, { source: 'sap' });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  test('that is refused for its deletions names the first of them, and its dry run shows all that it would do', async () => {
    await seed(range(0, 20).map(sap));
    const before = await storedChannels();
    folder.write('x.ndjson', ndjson([...range(12, 20).map(sap), row('new', 'New')]));
    const deleted = before.filter(({ name }) => Number(name.slice(5)) < 12);
    const named = deleted.map(({ name, integration_meta }) => [integration_meta?.external_id, name]);
    const err = [
      'This would delete 12 of the 20 channels that --where selects:',
      ...named.slice(0, 10).map(([each, name]) => `  ${each}  "${name}"`),
      '  … and 2 more',
      '--max-deletes allows 2. This command wrote nothing. With --dry-run, it shows all that it would do.',
      '',
    ].join('\n');
    let said = '';
    const say = (text: string) => {
      said += text;
    };

    const planned = await folder.run('sync', 'x.ndjson', ...where, '--dry-run');

    const wouldBeRefused = err.replace(/(?<=allows 2\. ).*/, 'So the sync would be refused.');
    expect(planned).toMatchObject({ code: 1, err: wouldBeRefused });
    expect(planned.out).toMatch(/^created .* 1 created, 0 updated, 8 unchanged, 12 deleted, 0 failed\n$/s);
    for (const [each] of named) expect(planned.out).toMatch(`deleted    ${each}\n`);
    const url = ['--url', service.url];
    expect(
      await folder.runWith({ isInteractive: true, say }, 'sync', 'x.ndjson', ...where, ...url),
    ).toMatchObject({ code: 1, out: '' });
    expect(said).toBe(`\r\u001B[KReading the channels of the selection…\r\u001B[K${err}`);
    expect(await storedChannels()).toEqual(before);
    expect(readdirSync(join(folder.path, '.client-channels'))).toEqual([]);
  });

  test('that goes on is held to the --max-deletes of the command that goes on', async () => {
    await seed(range(0, 20).map(sap));
    folder.write('x.ndjson', ndjson(range(4, 20).map(sap)));
    const limitedTo = (limit: string) => ['sync', 'x.ndjson', ...where, '--max-deletes', limit];
    expect((await stopAtOnce(...limitedTo('4'))).code).toBe(3);

    const refused = await folder.run(...limitedTo('3'));

    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /^Goes on with the run \S+, which has the answers for 0 of 20 rows\. .*\nThis would delete 4 of the 20 channels/,
    );
    expect(await storedChannels()).toHaveLength(20);
    expect((await folder.run(...limitedTo('4'))).out).toMatch('16 unchanged, 4 deleted, 0 failed\n');
  });

  test('that was killed leaves a channel that it has deleted and somebody else has restored', async () => {
    await seed([0, 1].map(sap));
    folder.write('x.ndjson', ndjson([sap(0)]));
    const restored = (await storedChannels()).find(
      (each) => each.integration_meta?.external_id === 'k-1',
    ) as Channel;
    const command = ['sync', 'x.ndjson', ...where, '--max-deletes', '1'];
    expect((await stopAtOnce(...command)).code).toBe(3);
    const [run = ''] = readdirSync(join(folder.path, '.client-channels'));
    const journal = join('.client-channels', run, 'journal.ndjson');
    const [, sent] = sentSteps([{ index: 1 }]);
    folder.write(journal, folder.read(journal) + ndjson([sent]));
    await client.delete(restored._id);
    await (await newClient(service, namespace)).restore(restored._id);

    const { out } = await folder.run(...command);

    expect(out).toMatch('0 created, 0 updated, 1 unchanged, 1 deleted, 0 failed');
    expect(await storedChannels()).toHaveLength(2);
  });

  test('does not take a deletion that other writers are ahead of for a failed one, and tries it again', async () => {
    const channels = [await client.create({ name: 'A' }), await client.create({ name: 'B' })];
    class Busy extends ChannelsClient {
      override async delete(...args: Parameters<ChannelsClient['delete']>) {
        if (args[0] === channels[1]?._id) {
          const body = { code: 'conflict', error: 'Written concurrently.' } as const;
          throw new ChannelsError(new Response(null, { status: 409 }), body);
        }
        return super.delete(...args);
      }
    }
    const journal = new Journal(join(folder.path, 'journal.ndjson'));
    const rows = channels.map((channel, index) => ({ index, result: 'deleted' as const, channel }));
    journal.append({ step: 'deletions', selected: 2, rows });
    const { key_id } = await client.me();
    const deleteWith = (of: ChannelsClient) =>
      deleteChannels(
        connectionOf(of, key_id),
        journal,
        () => true,
        () => {},
      );

    await deleteWith(new Busy({ url: service.url, key }));

    expect([...journal.outcomes.keys()]).toEqual([0]);
    expect([...journal.open.values()]).toMatchObject([{ index: 1, code: 'conflict' }]);
    await deleteWith(client);
    expect([...journal.outcomes.values()].map(({ result }) => result)).toEqual(['deleted', 'deleted']);
    expect(journal.summary).toMatchObject({ deleted: 2, failed: 0 });
  });
});

/** @jest-environment ./test/support/one-realm-environment.ts */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { useService } from '../../support/use-service.ts';
import { compileCommandLine } from './child-process.ts';
import { byKey, type Company, ndjson, row, useCompanies } from './companies.ts';
import { variedRows } from './varied-rows.ts';

const service = useService({ consumers: ['publish-events'] });
const newCompany = useCompanies(service);
let { namespace, key, client, folder, storedChannels, seed } = {} as Company;
beforeEach(async () => {
  ({ namespace, key, client, folder, storedChannels, seed } = await newCompany());
});
/** How many channels are exported and imported. With the variable, the test prints what each command took. */
const channelCount = Number(process.env.COMMAND_LINE_CHANNELS ?? 150);
const timeoutMs = 300_000 + channelCount * 500;

describe('an export', () => {
  test.each(['channels.ndjson', 'channels.csv'])(
    'to %s can be imported after all channels were deleted, and then writes nothing a second time',
    async (file) => {
      await seed(variedRows(channelCount));
      const before = await storedChannels();
      expect(await folder.run('export', '--output', file)).toEqual({ code: 0, out: '', err: '' });
      for (let start = 0; start < before.length; start += 20)
        await Promise.all(before.slice(start, start + 20).map(({ _id }) => client.delete(_id)));

      const imported = await folder.run('import', file);

      expect(imported).toMatchObject({ code: 0, err: '' });
      expect(imported.out).toMatch(`${channelCount} created, 0 updated, 0 unchanged, 0 deleted, 0 failed\n`);
      const after = await storedChannels();
      expect(byKey(after)).toEqual(byKey(before));
      expect((await folder.run('import', file)).out).toMatch(
        `0 created, 0 updated, ${channelCount} unchanged`,
      );
      expect(await storedChannels()).toEqual(after);
    },
    timeoutMs,
  );

  test('has the channels in the order of their ids, with the filters of the list', async () => {
    await seed([
      row('a', 'Retail', { source: 'sap' }),
      row('b', 'Wholesale', { source: 'sap' }),
      row('c', 'Retail'),
    ]);
    const channels = await storedChannels();

    expect(await folder.run('export')).toEqual({ code: 0, out: ndjson(channels), err: '' });
    const sap = channels.filter(({ integration_meta }) => integration_meta?.source === 'sap');
    const filter = ['--integration_meta.source', 'sap'];
    expect((await folder.run('export', ...filter)).out).toBe(ndjson(sap));
    await folder.run('export', ...filter, '--output', 'sap.ndjson');
    expect(folder.read('sap.ndjson')).toBe(ndjson(sap));
    await folder.run('export', ...filter, '--output', 'sap.csv');
    const lines = sap.map(({ _id, name, integration_meta, createdAt, updatedAt }) =>
      [
        _id,
        name,
        '',
        'false',
        `"[""${namespace}""]"`,
        integration_meta?.external_id,
        'sap',
        createdAt,
        updatedAt,
        '0\n',
      ].join(','),
    );
    expect(folder.read('sap.csv')).toBe(
      `\uFEFF_id,name,local_name,disabled,company_namespace,integration_meta.external_id,integration_meta.source,createdAt,updatedAt,__v\n${lines.join('')}`,
    );
    const several = [
      '--integration_meta.external_id=a',
      '--integration_meta.external_id=c',
      '--search',
      'retail',
    ];
    expect((await folder.run('export', ...several)).out).toBe(
      ndjson(channels.filter(({ name }) => name === 'Retail')),
    );
    expect((await folder.run('export', '--disabled', 'true', '--format', 'ndjson')).out).toBe('');
  });

  test('in CSV has a column for each key of the metadata, and a byte order mark only in a file', async () => {
    await seed([row('a', 'Retail, all', { n: 5, text: '5' }), { ...row('b', 'B'), local_name: 'قناة' }]);
    const cells: Record<string, string> = {
      'Retail, all': `"Retail, all",,false,"[""${namespace}""]",a,5,"""5"""`,
      B: `B,قناة,false,"[""${namespace}""]",b,,`,
    };
    const lines = (await storedChannels()).map(
      ({ _id, name, createdAt, updatedAt }) => `${_id},${cells[name]},${createdAt},${updatedAt},0\n`,
    );
    const header =
      '_id,name,local_name,disabled,company_namespace,integration_meta.external_id,integration_meta.n,integration_meta.text,createdAt,updatedAt,__v\n';
    const csv = header + lines.join('');

    expect((await folder.run('export', '--format', 'csv')).out).toBe(csv);
    await folder.run('export', '--output', 'x.csv');
    expect(folder.read('x.csv')).toBe(`\uFEFF${csv}`);
    expect(readdirSync(folder.path)).toEqual(['x.csv']);
  });

  test('shows its progress on a terminal, and removes it before it writes to the same terminal', async () => {
    await seed(Array.from({ length: 250 }, (_, n) => row(`k-${n}`, `Name ${n}`)));
    let shown = '';
    const show = (text: string) => {
      shown += text;
    };
    const write = async (text: string) => show(text);
    const { code } = await folder.runWith(
      { isInteractive: true, say: show, write },
      'export',
      '--url',
      service.url,
    );
    const line = String.raw`\{"_id".*\}\n`;
    const clear = String.raw`\r\u001b\[K`;
    expect(code).toBe(0);
    expect(shown).toMatch(
      new RegExp(
        `^(${line}){100}${clear}100 rows${clear}(${line}){100}${clear}200 rows, \\d+ rows/s${clear}(${line}){50}$`,
      ),
    );
  });

  test('for which the disk has no room is a sentence, and leaves the file as it was', async () => {
    await seed(Array.from({ length: 50 }, (_, n) => row(`k-${n}`, `Name ${n}`)));
    folder.write('x.csv', 'old');
    const command = await compileCommandLine(folder.path);
    // Files may have 4 KiB.
    const script = `ulimit -f 8; exec ${process.execPath} ${command} export --output x.csv --url ${service.url}`;
    const options = { cwd: folder.path, env: { CHANNELS_KEY: key } };
    await expect(promisify(execFile)('sh', ['-c', script], options)).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: `The file ${join(folder.path, 'x.csv')} can't be written: it would be too large.\n`,
    });
    expect(folder.read('x.csv')).toBe('old');
    expect(readdirSync(folder.path).sort()).toEqual(['client-channels.mjs', 'x.csv']);
  });

  test('that fails leaves the file as it was', async () => {
    folder.write('x.csv', 'old');
    expect((await folder.run('export', '--output', 'x.csv', '--to__id', 'nonsense')).code).toBe(2);
    expect(folder.read('x.csv')).toBe('old');
    expect(readdirSync(folder.path)).toEqual(['x.csv']);
  });
});

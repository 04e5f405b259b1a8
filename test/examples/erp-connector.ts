import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel, ChannelChange } from '../../client/index.ts';
import type { ExampleServer } from './example-server.ts';
import { Namespace } from './namespace.ts';
import { type KillPoint, PythonProgram } from './python-program.ts';
import { withRelay } from './relay.ts';

const isOfErp = ({ integration_meta: meta }: Channel) => meta?.source === 'erp';
const codeOf = ({ integration_meta: meta }: Channel) => String(meta?.external_id);

/** The CSV of the ERP, as lines without the header. The ERP has a column that no channel has. */
class Csv {
  readonly #file: string;
  constructor(file: string) {
    this.#file = file;
    this.write([]);
  }

  get writtenAt() {
    return statSync(this.#file).mtimeMs;
  }

  get rows() {
    return readFileSync(this.#file, 'utf8').trimEnd().split('\n').slice(1);
  }

  write(rows: string[]): void {
    this.writeText(`${['code,manager,name,local_name', ...rows].join('\n')}\n`);
  }

  writeText(text: string): void {
    writeFileSync(this.#file, text);
  }

  add(row: string): void {
    this.write([...this.rows, row]);
  }

  /** Replaces the row of a group, or removes it. */
  change(code: string, change: (row: string) => string | undefined): void {
    this.write(this.rows.flatMap((row) => (row.startsWith(`${code},`) ? (change(row) ?? []) : row)));
  }
}

/** Tries the connector: both sides change, and after each run they must be equal, with what the README promises. */
export const tryErpConnector = async (server: ExampleServer, name: string, folder: string): Promise<void> => {
  const namespace = await Namespace.create(server, name);
  const key = await server.createKey(name);
  const program = await PythonProgram.install('examples/erp-connector/connector.py');
  const csv = new Csv(join(folder, 'groups.csv'));
  const env = () => ({ API_URL: server.url, API_KEY: key });

  const ofErp = async (code: string): Promise<Channel> => {
    const found = (await namespace.channels()).find(
      (channel) => isOfErp(channel) && codeOf(channel) === code,
    );
    assert.ok(found, `${code} is a channel`);
    return found;
  };
  const create = (code: string, channelName: string, source = 'erp') =>
    namespace.client.create({ name: channelName, integration_meta: { external_id: code, source } });
  const update = async (code: string, change: ChannelChange) =>
    namespace.client.update((await ofErp(code))._id, change);
  const remove = async (code: string) => namespace.client.delete((await ofErp(code))._id);

  /** Runs the connector, and expects these rows in the CSV, the same in the namespace, and no change to other channels. */
  const expectAfterRun = async (rows: string[], expectedFailure?: RegExp) => {
    const others = (await namespace.whenNumbered()).filter((channel) => !isOfErp(channel));
    const { code, errors } = await program.end(['groups.csv'], { cwd: folder, env: env() });
    assert.equal(code, expectedFailure ? 1 : 0, errors);
    assert.match(errors, expectedFailure ?? /^$/);
    assert.deepEqual(csv.rows.sort(), rows.sort());
    const channels = await namespace.whenNumbered();
    assert.deepEqual(
      channels.filter((channel) => !isOfErp(channel)),
      others,
    );
    if (expectedFailure) return;
    const quoted = (value = '') => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    const inNamespace = channels
      .filter(isOfErp)
      .map((channel) => [codeOf(channel), quoted(channel.name), quoted(channel.local_name)].join(','));
    const withoutManager = csv.rows.map((row) => row.replace(/^([^,]*),[^,]*/, '$1'));
    assert.deepEqual(inNamespace.sort(), withoutManager.sort());
  };

  const bothSidesBegin = async () => {
    csv.write(['A,Ann,Retail,قناة التجزئة', 'B,Ben,Wholesale,', 'C,Cem,Online,']);
    await create('A', 'Old retail');
    await create('D', 'Direct, "east"');
    await create('X', 'Of the CRM', 'crm');
    await namespace.client.create({ name: 'Of the console' });
    await expectAfterRun([
      ...['A,Ann,Retail,قناة التجزئة', 'B,Ben,Wholesale,', 'C,Cem,Online,'],
      'D,,"Direct, ""east""",',
    ]);
  };

  const bothSidesChange = async () => {
    await update('A', { name: 'Retail of others' });
    csv.change('A', () => 'A,Ann,Retail of the ERP,قناة التجزئة');
    await update('B', { name: 'Wholesale 2' });
    csv.change('B', () => 'B,Bob,Wholesale,جملة');
    await remove('C');
    await update('D', { name: 'Direct 2' });
    csv.change('D', () => undefined);
    await create('E', 'Export');
    const joining = await namespace
      .in(namespace.partner)
      .create({ name: 'Franchise', integration_meta: { external_id: 'F', source: 'erp' } });
    await namespace
      .in(namespace.partner)
      .update(joining._id, { company_namespace: [namespace.partner, name] });
    csv.add('G,Gil,Government,');
    await expectAfterRun([
      ...['A,Ann,Retail of the ERP,قناة التجزئة', 'B,Bob,Wholesale 2,جملة', 'G,Gil,Government,'],
      ...['E,,Export,', 'F,,Franchise,'],
    ]);
  };

  const nothingChanges = async () => {
    const observe = async () => ({ written: csv.writtenAt, channels: await namespace.channels() });
    const before = await observe();
    await expectAfterRun(csv.rows);
    assert.deepEqual(await observe(), before);
  };

  const channelsLeave = async () => {
    await update('F', { company_namespace: [namespace.partner] });
    await update('E', { integration_meta: { external_id: 'E', source: 'crm' } });
    await remove('G');
    csv.change('G', () => 'G,Gil,Governments,');
    // The ERP changes a name back to what it was before others changed it.
    csv.change('B', () => 'B,Bob,Wholesale,جملة');
    await expectAfterRun([
      ...['A,Ann,Retail of the ERP,قناة التجزئة', 'B,Bob,Wholesale,جملة', 'G,Gil,Governments,'],
    ]);
  };

  const rowFails = async () => {
    await update('G', { company_namespace: [name, namespace.partner] });
    csv.change('G', () => undefined);
    const rows = ['A,Ann,Retail of the ERP,قناة التجزئة', 'B,Bob,Wholesale,جملة'];
    await expectAfterRun(rows, /^G: /);
    await expectAfterRun(rows, /^G: /);
    await update('G', { company_namespace: [name] });
    await expectAfterRun(rows);

    const ofCrm = 'X,Xia,Of the ERP,';
    csv.add(ofCrm);
    await expectAfterRun([...rows, ofCrm], /^X: /);
    csv.change('X', () => undefined);
    await expectAfterRun(rows);
  };

  const csvIsWrong = async () => {
    const { rows } = csv;
    const before = await namespace.channels();
    csv.writeText('');
    const { code, errors } = await program.end(['groups.csv'], { cwd: folder, env: env() });
    assert.deepEqual(
      { code, errors },
      { code: 1, errors: 'groups.csv needs the columns code, name, local_name.\n' },
    );
    assert.deepEqual(await namespace.channels(), before);
    csv.write(rows);
    await expectAfterRun(rows);
  };

  const csvChangesDuringTheRun = async () => {
    csv.add('J,Jim,Jobbers,');
    const rows = [...csv.rows, 'K,Kim,Kiosks,'];
    const changeCsv = async (method: string) => {
      if (method === 'POST') csv.add('K,Kim,Kiosks,');
    };
    await withRelay(server.url, changeCsv, async (url) => {
      const { code, errors } = await program.end(['groups.csv'], {
        cwd: folder,
        env: { ...env(), API_URL: url },
      });
      assert.equal(code, 1);
      assert.match(errors, /changed in the meantime/);
    });
    await expectAfterRun(rows);
    for (const group of ['J', 'K']) csv.change(group, () => undefined);
    await expectAfterRun(rows.filter((row) => !/^[JK],/.test(row)));
  };

  const cursorExpires = async () => {
    await remove('A');
    await namespace.whenNumbered();
    await server.rotateCursorSecret();
    await namespace.beginReader();
    await update('B', { name: 'Wholesale 3' });
    csv.add('H,Hal,Hotels,');
    csv.add('I,Ida,Industry,');
    await expectAfterRun(['B,Bob,Wholesale 3,جملة', 'H,Hal,Hotels,', 'I,Ida,Industry,']);
  };

  /** The feed, the upsert, and each file: the state before the upsert, the state before the CSV, the CSV, the state after it. */
  const killPoints: KillPoint[] = [
    ...[1, 2].map((call) => ({ target: 'urllib.request:urlopen', call })),
    ...[1, 2, 3, 4].map((call) => ({ target: 'os:replace', call })),
  ];

  /** Both sides change, the connector is killed, both sides change again. The last change of each field must win. */
  const connectorIsKilled = async (kill: KillPoint, round: number) => {
    csv.add(`P${round},Pat,Deleted by others,`);
    await expectAfterRun(csv.rows);

    await update('B', { name: `Before the kill ${round}` });
    await remove(`P${round}`);
    await create(`N${round}`, 'Not for long');
    csv.change('H', () => `H,Hal,Hotels ${round},`);
    csv.change('I', () => `I,Ida,Industry ${round},`);
    csv.add(`Q${round},Quinn,Withdrawn by the ERP,`);
    await namespace.whenNumbered();
    const { code, errors } = await program.end(['groups.csv'], { cwd: folder, env: env(), kill });
    assert.equal(code, null, `${kill.target} was not called:\n${errors}`);

    await update('B', { name: `After the kill ${round}` });
    await remove(`N${round}`);
    csv.change('B', (row) => row.replace(/[^,]*$/, `جملة ${round}`));
    csv.change('I', () => 'I,Ida,Industry,');
    csv.change(`Q${round}`, () => undefined);
    const rows = [`B,Bob,After the kill ${round},جملة ${round}`, `H,Hal,Hotels ${round},`, 'I,Ida,Industry,'];
    await expectAfterRun(rows);
  };

  await namespace.beginReader();
  await bothSidesBegin();
  await bothSidesChange();
  await nothingChanges();
  await channelsLeave();
  await rowFails();
  await csvIsWrong();
  await csvChangesDuringTheRun();
  await cursorExpires();
  for (const [index, kill] of killPoints.entries()) await connectorIsKilled(kill, index + 1);
};

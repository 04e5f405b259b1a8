import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AirbyteDestination } from './airbyte-destination.ts';
import type { CopyExample } from './copies.ts';
import { type KillPoint, PythonProgram } from './python-program.ts';

const source = resolve('examples/airbyte-source');

/** In the middle of the second page of 100 rows: each message makes two calls. */
const inSecondPage: KillPoint = { target: 'airbyte_cdk.utils.print_buffer:PrintBuffer.flush', call: 320 };

export const airbyteSource = async (key: string, cwd: string): Promise<CopyExample> => {
  const program = await PythonProgram.install('test/examples/unbuffered_airbyte.py', 'airbyte-source');
  const destination = new AirbyteDestination();

  const call = (words: string[], kill?: KillPoint) => {
    const files = [
      '--manifest-path',
      `${source}/manifest.yaml`,
      '--components-path',
      `${source}/components.py`,
    ];
    const env = { AIRBYTE_ENABLE_UNSAFE_CODE: 'true' };
    return program.end([...words, '--config', 'config.json', ...files], { cwd, env, kill });
  };
  const discover = async () => {
    const { output } = await call(['discover']);
    const messages = output.split('\n').filter(Boolean);
    const { catalog } = messages.map((line) => JSON.parse(line)).find(({ type }) => type === 'CATALOG');
    return catalog.streams[0];
  };
  let stream: Awaited<ReturnType<typeof discover>>;
  const read = async (url: string, kill?: KillPoint) => {
    const write = (file: string, value: unknown) => writeFileSync(join(cwd, file), JSON.stringify(value));
    write('config.json', { url, api_key: key });
    stream ??= await discover();
    const { generation: generation_id, minimumGeneration: minimum_generation_id } = destination;
    const modes = { sync_mode: 'incremental', destination_sync_mode: 'append_dedup' };
    const keys = {
      cursor_field: stream.default_cursor_field,
      primary_key: stream.source_defined_primary_key,
    };
    const generations = { sync_id: 1, generation_id, minimum_generation_id };
    write('catalog.json', { streams: [{ stream, ...modes, ...keys, ...generations }] });
    write('state.json', destination.state);
    const { code, output } = await call(['read', '--catalog', 'catalog.json', '--state', 'state.json'], kill);
    return { code, ...destination.take(output) };
  };
  const run = async (url: string) => {
    const { code, error } = await read(url);
    assert.deepEqual({ code, error }, { code: 0, error: undefined });
  };

  return {
    run,
    runAndKill: async (url) => {
      const { code, committed } = await read(url, inSecondPage);
      assert.deepEqual({ code, committed }, { code: null, committed: 100 });
    },
    runWithExpiredCursor: async (url) => {
      const { code, error } = await read(url);
      assert.equal(code, 1);
      assert.match(error ?? '', /expired\. Refresh this stream/);
      destination.refresh();
      await run(url);
    },
    channels: async () => destination.channels(),
  };
};

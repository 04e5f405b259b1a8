import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { CopyExample } from './copies.ts';
import { type KillPoint, PythonProgram } from './python-program.ts';

/** In the first and in the third page of a reading, after the reading, and after dlt prepared the rows for the load. */
const killPoints: KillPoint[] = [
  { target: 'requests:Session.send', call: 1 },
  { target: 'requests:Session.send', call: 3 },
  { target: 'dlt.pipeline.pipeline:Pipeline.normalize', call: 1 },
  { target: 'dlt.pipeline.pipeline:Pipeline.load', call: 1 },
];

export const dltSource = async (key: string, cwd: string): Promise<CopyExample> => {
  const load = await PythonProgram.install('examples/dlt-source/load.py', 'dlt-source');
  const readCopy = load.withFile('test/examples/read_duckdb.py');

  const start = (url: string, kill?: KillPoint) =>
    load.end([], {
      cwd,
      env: {
        SOURCES__CLIENT_CHANNELS__URL: url,
        SOURCES__CLIENT_CHANNELS__API_KEY: key,
        DLT_DATA_DIR: cwd,
        RUNTIME__DLTHUB_TELEMETRY: 'false',
      },
      kill,
    });
  const run = async (url: string) => {
    const { code, errors } = await start(url);
    assert.equal(code, 0, errors);
  };

  return {
    run,
    runAndKill: async (url) => {
      for (const kill of killPoints) {
        const { code, errors } = await start(url, kill);
        assert.equal(code, null, `${kill.target} was not called:\n${errors}`);
      }
    },
    runWithExpiredCursor: run,
    channels: async () => {
      const { code, output, errors } = await readCopy.end([join(cwd, 'client_channels.duckdb')], { cwd });
      assert.equal(code, 0, errors);
      return output
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
  };
};

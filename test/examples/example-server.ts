import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServerIn } from '../support/standalone-server.ts';

export interface ExampleServer {
  /** Changes when the server is started again. */
  readonly url: string;
  /** Makes a key that may read and write in these namespaces. */
  createKey(...namespaces: string[]): Promise<string>;
  /** Starts the server again with another cursor secret, so that no cursor from before can be opened. */
  rotateCursorSecret(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server with a state folder of its own. */
export const startExampleServer = async (): Promise<ExampleServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'examples-server-'));
  let server = await startServerIn(folder);
  return {
    get url() {
      return server.url;
    },
    createKey: async (...namespaces) => {
      const words = namespaces.flatMap((namespace) => ['--namespace', namespace]);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [
          '--import',
          'tsx',
          'commands/api-keys.ts',
          'create',
          ...words,
          '--scope',
          'read',
          '--scope',
          'write',
        ],
        { env: { ...process.env, LOCAL_STATE_DIR: folder } },
      );
      return stdout.trim();
    },
    rotateCursorSecret: async () => {
      await server.stop();
      rmSync(join(folder, 'cursor-secret'));
      server = await startServerIn(folder);
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

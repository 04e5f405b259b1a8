import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface StandaloneServer {
  key: string;
  url: string;
  stop(): Promise<void>;
}

/** Reads the API key and the URL that a starting server prints. */
const readStart = async (output: Readable): Promise<{ key: string; url: string }> => {
  let key = '';
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith('api-key: ')) key = line.slice('api-key: '.length);
    if (line.startsWith('ready')) return { key, url: line.split(' ').at(-1) as string };
  }
  throw new Error('The server ended before it was ready');
};

/** Starts `npm start` on a free port, with its state in this folder. */
export const startServerIn = async (folder: string): Promise<StandaloneServer> => {
  const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    env: { ...process.env, PORT: '0', LOCAL_STATE_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'close');
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
  };
  try {
    const started = await readStart(server.stdout);
    // If nobody reads the output, its pipe fills up and the server blocks.
    server.stdout.resume();
    return { ...started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/**
 * Starts `npm start` on a free port, with its own state folder, for programs that are not jest tests. `stop` removes
 * the folder.
 */
export const startStandaloneServer = async (): Promise<StandaloneServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'standalone-server-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const server = await startServerIn(folder);
    return {
      ...server,
      stop: async () => {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
};

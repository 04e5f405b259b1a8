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

/** The key and the address that a starting server prints. */
const readStart = async (output: Readable): Promise<{ key: string; url: string }> => {
  let key = '';
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith('api-key: ')) key = line.slice('api-key: '.length);
    if (line.startsWith('ready')) return { key, url: line.split(' ').at(-1) as string };
  }
  throw new Error('The server ended before it was ready.');
};

/** `npm start` on a free port and a folder of its own, for a program that is no jest test; `stop` leaves nothing of it. */
export const startStandaloneServer = async (): Promise<StandaloneServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'own-server-'));
  const server = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    env: { ...process.env, PORT: '0', LOCAL_STATE_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'close');
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const started = await readStart(server.stdout);
    // Whoever stops reading pauses the stream, and the server would wait once its pipe is full.
    server.stdout.resume();
    return { ...started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

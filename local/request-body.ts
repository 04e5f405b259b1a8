import type { IncomingMessage } from 'node:http';

/** The client closed its connection in the middle of a request. */
export class ClientDisconnected extends Error {
  override readonly name = 'ClientGone';
}

/** Whether the client said beforehand that it sends more than that. */
export const declaresMoreThan = (request: IncomingMessage, maxBytes: number): boolean =>
  Number(request.headers['content-length'] ?? 0) > maxBytes;

/**
 * Reads a request's body whole; undefined where it is longer than `limit` bytes, the rest of it being left unread.
 * @throws ClientGone where the client goes away in the middle.
 */
export const readRequestBody = (request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    if (declaresMoreThan(request, maxBytes)) return resolve(undefined);
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= maxBytes) return;
      request.off('data', onData);
      request.pause();
      resolve(undefined);
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', () => reject(new ClientDisconnected()));
    request.once('close', () => reject(new ClientDisconnected()));
  });

/**
 * Reads and forgets what is left of a request, for so long at most. Closing a connection on which the client still
 * sends would reset it, and the answer would be lost on the way.
 */
export const discardRest = (request: IncomingMessage, timeoutMs: number): Promise<void> =>
  new Promise((resolve) => {
    if (request.complete || request.destroyed) return resolve();
    const timer = setTimeout(resolve, timeoutMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done);
    request.once('close', done);
    request.resume();
  });

import type { IncomingMessage } from 'node:http';

/** The client closed its connection in the middle of a request. */
export class ClientDisconnected extends Error {
  override readonly name = 'ClientDisconnected';
}

/** Whether the content-length header says that the body has more than `maxBytes`. */
export const declaresMoreThan = (request: IncomingMessage, maxBytes: number): boolean =>
  Number(request.headers['content-length'] ?? 0) > maxBytes;

/**
 * Reads the whole body of a request. Returns undefined if it has more than `maxBytes`, and leaves the rest unread.
 * @throws ClientDisconnected if the client closes the connection before the end.
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
 * Reads and ignores the rest of a request, for `timeoutMs` at most. If the connection were closed while the client
 * still sends, TCP would reset it, and the client could lose the response.
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

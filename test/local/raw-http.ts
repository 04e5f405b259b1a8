import { connect } from 'node:net';

/** Sends raw bytes on a new connection. Returns all that the server sends until it closes the connection, as latin1. */
export const sendRaw = (port: number, ...parts: (string | Uint8Array)[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    const finish = () => resolve(Buffer.concat(received).toString('latin1'));
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('close', finish);
    socket.on('error', (error) => (received.length > 0 ? finish() : reject(error)));
    for (const part of parts) socket.write(part);
  });

export const statusIn = (response: string): number => Number(response.split(' ', 2)[1]);

export const bodyIn = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4);

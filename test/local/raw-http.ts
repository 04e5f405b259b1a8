import { connect } from 'node:net';

/** Sends bytes as they stand on a connection of their own, and gives back all that was answered until it closed. */
export const sendRaw = (port: number, ...parts: (string | Uint8Array)[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    const answered = () => resolve(Buffer.concat(received).toString('latin1'));
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('close', answered);
    socket.on('error', (error) => (received.length > 0 ? answered() : reject(error)));
    for (const part of parts) socket.write(part);
  });

export const statusIn = (answer: string): number => Number(answer.split(' ', 2)[1]);

export const bodyIn = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { marshall } from '@aws-sdk/util-dynamodb';
import { localTables } from '../local/environment.ts';
import { items } from './sample-data.ts';

const consumed = { TableName: localTables.channels, CapacityUnits: 1 };
const channel = marshall(items.channel);
const pageOf = (page: object[]) => ({
  Items: page.map((item) => marshall(item)),
  Count: page.length,
  ScannedCount: page.length,
  ConsumedCapacity: consumed,
});

/** The answers by operation. They are made in advance, so that they all take the same short time. */
const answers: Record<string, string> = Object.fromEntries(
  Object.entries({
    [`GetItem ${localTables.apiKeys}`]: { Item: marshall(items.apiKey), ConsumedCapacity: consumed },
    [`GetItem ${localTables.channels}`]: { Item: channel, ConsumedCapacity: consumed },
    [`GetItem ${localTables.projections}`]: {
      Item: marshall(items.changeLog),
      ConsumedCapacity: consumed,
    },
    [`Query ${localTables.channels}`]: pageOf(items.firstPage),
    [`Query ${localTables.history}`]: pageOf(items.versions),
    [`UpdateItem ${localTables.channels}`]: { Attributes: channel, ConsumedCapacity: consumed },
    BatchGetItem: { Responses: { [localTables.channels]: [channel] }, ConsumedCapacity: [consumed] },
    TransactWriteItems: { ConsumedCapacity: [consumed] },
  }).map(([operation, answer]) => [operation, JSON.stringify(answer)]),
);

/**
 * Starts a server on the loopback address that answers as DynamoDB does, at once and always the same. The measured process
 * is another one, so that no time of the server counts.
 */
export const startStub = async (): Promise<{ endpoint: string; stop(): void }> => {
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const { TableName } = JSON.parse(await text(request));
    const answer = answers[TableName ? `${operation} ${TableName}` : operation];
    response.writeHead(answer ? 200 : 400, { 'Content-Type': 'application/x-amz-json-1.0' });
    response.end(
      answer ?? JSON.stringify({ __type: 'ValidationException', message: `No ${operation} here` }),
    );
  });
  // A measured process keeps its connections for as long as it likes, as with DynamoDB.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

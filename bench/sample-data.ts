import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type ApiKey, formatApiKey, hashSecret } from '../lib/auth/api-key.ts';
import type { ApiKeyRecord } from '../lib/auth/api-key-store.ts';
import { sealChangeCursor } from '../lib/changes/change-cursor.ts';
import { toDocument } from '../lib/channels/channel.ts';
import { counterShards, toItem } from '../lib/channels/items.ts';
import { keys } from '../lib/channels/keys.ts';
import { toVersionItem } from '../lib/history/version-items.ts';
import { type OperationName, operations } from '../lib/manifest/operations.ts';
import { localEnvironment } from '../local/environment.ts';
import { channelOf, idOf } from './seed-namespace.ts';

const namespace = 'bench';
const size = 1_000;

// The key is fixed, because the process that sends it and the process that stores it must have the same one.
const key: ApiKey = { environment: localEnvironment, id: '0'.repeat(16), secret: '0'.repeat(64) };

/** The items that the stub of DynamoDB answers. */
export const items = {
  apiKey: {
    id: key.id,
    secretHash: hashSecret(key.secret).toString('hex'),
    lastFour: key.secret.slice(-4),
    namespaces: [namespace],
    scopes: ['channels:read', 'channels:write'],
    createdAt: 0,
  } satisfies ApiKeyRecord,
  channel: toItem(namespace, channelOf(namespace, 0, size)),
  /** The head of the change log. */
  changeLog: { generation: 'bench', lastNumber: 100 },
  /** What the first page of 25 reads: the counters, 25 channels, and one more that shows that there is a next page. */
  firstPage: [
    ...Array.from({ length: counterShards }, (_, shard) => ({
      ...keys.counter(namespace, shard),
      enabled: size,
      disabled: 0,
      changes: size,
    })),
    ...Array.from({ length: 26 }, (_, ordinal) => toItem(namespace, channelOf(namespace, ordinal, size))),
  ],
  /** What the first page of a history reads: 25 versions, and one more that shows that there is a next page. */
  versions: Array.from({ length: 26 }, (_, ordinal) => {
    const channel = toDocument({ ...channelOf(namespace, 0, size), __v: 99 - ordinal });
    return toVersionItem(
      { namespace, id: channel._id },
      {
        version: channel.__v,
        at: channel.updatedAt,
        actor: key.id,
        type: 'updated',
        changed: ['integration_meta'],
        channel,
      },
    );
  }),
};

/** The keys of the two items that a get reads. */
export const keysOfGet = { apiKey: { id: key.id }, channel: keys.channel(namespace, idOf(0)) };

const bodies: Partial<Record<OperationName, object>> = {
  'create-channel': { name: 'Shop 0001', local_name: 'قناة', integration_meta: { external_id: 'ch_1' } },
  'update-channel': { integration_meta: { external_id: 'ch_0', sync: 1 } },
  'upsert-channels': { channels: [{ name: 'Shop 0001', integration_meta: { external_id: 'ch_1' } }] },
};

/** The secret of cursors in the measured functions. */
export const cursorSecret = 'c0'.repeat(32);

/** A reader that knows all changes. */
const changeCursor = () =>
  sealChangeCursor(
    {
      phase: 'log',
      generation: items.changeLog.generation,
      number: items.changeLog.lastNumber,
      lastId: '',
      beganAt: 0,
      completedAt: 0,
      time: Date.now(),
    },
    namespace,
    { current: cursorSecret },
  );

const queries: Partial<Record<OperationName, () => string>> = {
  'read-changes': () => `cursor=${changeCursor()}`,
};

/** A request as API Gateway passes it to the function of an operation. */
export const eventOf = (name: OperationName): APIGatewayProxyEventV2 => {
  const { methods, path } = operations.find((row) => row.name === name) as (typeof operations)[number];
  const [method, id, body] = [methods[0], idOf(0), bodies[name]];
  const rawPath = path.replace('{id}', id);
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath,
    rawQueryString: queries[name]?.() ?? '',
    headers: { 'api-key': formatApiKey(key), ...(body && { 'content-type': 'application/json' }) },
    ...(path.includes('{id}') && { pathParameters: { id } }),
    requestContext: { requestId: 'bench', http: { method, path: rawPath } },
    ...(body && { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEventV2;
};

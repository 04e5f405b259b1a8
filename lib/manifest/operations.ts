import type { Scope } from '../auth/api-key.ts';
import type { DynamoDbAction, Permissions } from './permission-types.ts';

/** One operation of the API. The gateway's routes, the permissions and the description are made from these rows. */
export interface Operation {
  name: string;
  /** The HTTP methods of the operation. They all mean the same. */
  methods: readonly ('GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** A route of API Gateway's HTTP API. `{id}` is one path segment. */
  path: string;
  /** Another route of the function, for people: it leads to `path`. It is no part of the API's description. */
  redirectFrom?: string;
  /** The scope that the caller's key needs; `any` if every key may call. Absent if the operation needs no key. */
  scope?: Scope | 'any';
  /** The file that exports `handler`, relative to the root of the project. */
  handler: string;
  permissions: Permissions;
  /** Files of packages that the handler reads at run time. */
  assets?: readonly string[];
  /** Whether the operation seals and opens cursors, and therefore needs their secret. */
  cursors?: boolean;
  /** Whether responses of the operation have links, and therefore depend on the public address of the API. */
  links?: boolean;
}

const authenticate: readonly DynamoDbAction[] = ['dynamodb:GetItem'];
const change: readonly DynamoDbAction[] = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
];
const none: Permissions = { tables: {} };

export const operations = [
  {
    name: 'list-channels',
    methods: ['GET'],
    path: '/client-channel',
    scope: 'channels:read',
    handler: 'functions/list-channels.ts',
    permissions: {
      tables: {
        apiKeys: authenticate,
        channels: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
        projections: ['dynamodb:Query'],
      },
      indexes: {
        action: 'dynamodb:Query',
        names: ['byName', 'byUpdatedAt', 'byStatus', 'byExternalId', 'byMetaId'],
      },
    },
    cursors: true,
    links: true,
  },
  {
    name: 'create-channel',
    methods: ['POST'],
    path: '/client-channel',
    scope: 'channels:write',
    handler: 'functions/create-channel.ts',
    permissions: {
      tables: { apiKeys: authenticate, channels: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] },
    },
    links: true,
  },
  {
    name: 'upsert-channels',
    methods: ['POST'],
    path: '/client-channel/upsert',
    scope: 'channels:write',
    handler: 'functions/upsert-channels.ts',
    permissions: {
      tables: { apiKeys: authenticate, channels: ['dynamodb:BatchGetItem', ...change] },
      indexes: { action: 'dynamodb:Query', names: ['byExternalId', 'byMetaId'] },
    },
  },
  {
    name: 'read-changes',
    methods: ['GET'],
    path: '/client-channel/changes',
    scope: 'channels:read',
    handler: 'functions/read-changes.ts',
    permissions: {
      tables: {
        apiKeys: authenticate,
        channels: ['dynamodb:BatchGetItem', 'dynamodb:Query'],
        projections: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      },
    },
    cursors: true,
  },
  {
    name: 'get-channel',
    methods: ['GET'],
    path: '/client-channel/{id}',
    scope: 'channels:read',
    handler: 'functions/get-channel.ts',
    permissions: { tables: { apiKeys: authenticate, channels: ['dynamodb:GetItem'] } },
  },
  {
    name: 'update-channel',
    methods: ['PUT', 'PATCH'],
    path: '/client-channel/{id}',
    scope: 'channels:write',
    handler: 'functions/update-channel.ts',
    permissions: { tables: { apiKeys: authenticate, channels: change } },
  },
  {
    name: 'delete-channel',
    methods: ['DELETE'],
    path: '/client-channel/{id}',
    scope: 'channels:write',
    handler: 'functions/delete-channel.ts',
    permissions: { tables: { apiKeys: authenticate, channels: change } },
  },
  {
    name: 'restore-channel',
    methods: ['POST'],
    path: '/client-channel/{id}/restore',
    scope: 'channels:write',
    handler: 'functions/restore-channel.ts',
    permissions: { tables: { apiKeys: authenticate, channels: ['dynamodb:BatchGetItem', ...change] } },
  },
  {
    name: 'read-history',
    methods: ['GET'],
    path: '/client-channel/{id}/history',
    scope: 'channels:read',
    handler: 'functions/read-history.ts',
    permissions: {
      tables: {
        apiKeys: authenticate,
        channels: ['dynamodb:BatchGetItem'],
        history: ['dynamodb:Query'],
      },
    },
    cursors: true,
  },
  {
    name: 'get-own-key',
    methods: ['GET'],
    path: '/me',
    scope: 'any',
    handler: 'functions/get-own-key.ts',
    permissions: { tables: { apiKeys: authenticate } },
  },
  {
    name: 'describe-api',
    methods: ['GET'],
    path: '/openapi.json',
    handler: 'functions/describe-api.ts',
    permissions: none,
  },
  {
    name: 'show-docs',
    methods: ['GET'],
    path: '/docs',
    redirectFrom: '/',
    handler: 'functions/show-docs.ts',
    permissions: none,
    assets: ['swagger-ui-dist/swagger-ui-bundle.js', 'swagger-ui-dist/swagger-ui.css'],
  },
] as const satisfies Operation[];

/** The routes of an operation: one per method, and that of the redirect. */
export const routesOf = ({ methods, path, redirectFrom }: Operation) => [
  { path, methods },
  ...(redirectFrom === undefined ? [] : [{ path: redirectFrom, methods }]),
];

type Row = (typeof operations)[number];

export type OperationName = Row['name'];
/** The operations that need a key. */
export type ScopedOperation = Extract<Row, { scope: string }>;

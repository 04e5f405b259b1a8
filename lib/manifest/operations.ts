import type { Scope } from '../auth/api-key.ts';

/** One row an operation of the API: everything that routes, permits or describes it reads this table. */
export interface Operation {
  name: string;
  /** HTTP methods that mean the same. */
  methods: readonly ('GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** A route of API Gateway's HTTP API; `{id}` is one path segment. */
  path: string;
  /** What the caller's key must be allowed; absent where anyone may ask, without a key. */
  scope?: Scope;
  /** The file, from the project's root, whose export `handler` answers. */
  handler: string;
  /** What the handler does to the channels table, as IAM names it. */
  actions: readonly DynamoDbAction[];
  /** What it does to the directory. */
  directory?: readonly DynamoDbAction[];
  /** The indexes of the channels table that it queries. */
  indexes?: readonly string[];
  /** Files of packages that the handler reads as it runs. */
  assets?: readonly string[];
  /** Whether it seals and opens cursors, and so needs the secret for that. */
  cursors?: boolean;
}

export type DynamoDbAction =
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:ConditionCheckItem'
  | 'dynamodb:DeleteItem'
  | 'dynamodb:GetItem'
  | 'dynamodb:PutItem'
  | 'dynamodb:Query'
  | 'dynamodb:Scan'
  | 'dynamodb:UpdateItem';

/** What a handler does to the tables that hold channels and what is derived from them. */
export type TableActions = Partial<Record<'channels' | 'directory', readonly DynamoDbAction[]>>;

export const operations = [
  {
    name: 'list-channels',
    methods: ['GET'],
    path: '/client-channel',
    scope: 'channels:read',
    handler: 'functions/list-channels.ts',
    actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
    directory: ['dynamodb:Query'],
    indexes: ['byName', 'byUpdatedAt', 'byStatus', 'byExternalId', 'byMetaId'],
    cursors: true,
  },
  {
    name: 'create-channel',
    methods: ['POST'],
    path: '/client-channel',
    scope: 'channels:write',
    handler: 'functions/create-channel.ts',
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
  },
  {
    name: 'get-channel',
    methods: ['GET'],
    path: '/client-channel/{id}',
    scope: 'channels:read',
    handler: 'functions/get-channel.ts',
    actions: ['dynamodb:GetItem'],
  },
  {
    name: 'update-channel',
    methods: ['PUT', 'PATCH'],
    path: '/client-channel/{id}',
    scope: 'channels:write',
    handler: 'functions/update-channel.ts',
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
  },
  {
    name: 'delete-channel',
    methods: ['DELETE'],
    path: '/client-channel/{id}',
    scope: 'channels:write',
    handler: 'functions/delete-channel.ts',
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
  },
  {
    name: 'describe-api',
    methods: ['GET'],
    path: '/openapi.json',
    handler: 'functions/describe-api.ts',
    actions: [],
  },
  {
    name: 'show-docs',
    methods: ['GET'],
    path: '/docs',
    handler: 'functions/show-docs.ts',
    actions: [],
    assets: ['swagger-ui-dist/swagger-ui-bundle.js', 'swagger-ui-dist/swagger-ui.css'],
  },
] as const satisfies Operation[];

type Row = (typeof operations)[number];

export type OperationName = Row['name'];
/** The operations that need a key. */
export type ScopedOperation = Extract<Row, { scope: Scope }>;

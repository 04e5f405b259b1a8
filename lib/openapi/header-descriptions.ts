const text = (description: string, example: string, more: object = {}) => ({
  description,
  schema: { type: 'string', ...more },
  example,
});

/** Headers of answers, by their names. Those of every answer are missing where the gateway answers on its own account. */
export const responseHeaders = {
  'x-request-id': text('The name of the request; one that the client sends is taken over.', 'c6af9ac6'),
  'Cache-Control': text('Answers are never stored.', 'no-store'),
  'X-Content-Type-Options': text('The answer is what its content type says.', 'nosniff'),
  'Strict-Transport-Security': text('HTTPS alone.', 'max-age=63072000; includeSubDomains'),
  'x-consumed-capacity': text(
    'What the answer cost in DynamoDB: calls, read units, write units.',
    'calls=1; rcu=0.5; wcu=0',
    { pattern: '^calls=\\d+; rcu=[\\d.]+; wcu=[\\d.]+$' },
  ),
  ETag: text('The version of the channel, for If-Match and If-None-Match.', '"0"', { pattern: '^"\\d+"$' }),
  Location: text(
    'Where the new channel is, for requests that act in one of its namespaces: where it is not in the one of this request, name another in x-company-namespace.',
    '/client-channel/65f0a1b2c3d4e5f601234567',
  ),
  'Idempotency-Replayed': text('The answer is that of an earlier request with this key.', 'true'),
  Link: text(
    'first, prev, next and last (RFC 8288); absent beyond 4 KB.',
    '</client-channel?page=2>; rel="next"',
  ),
  'WWW-Authenticate': text('How to authenticate.', 'Bearer realm="client-channels"'),
  'Retry-After': text('Seconds to wait before the next try.', '1'),
};

export type ResponseHeader = keyof typeof responseHeaders;

export const commonHeaders: ResponseHeader[] = [
  'x-request-id',
  'Cache-Control',
  'X-Content-Type-Options',
  'Strict-Transport-Security',
];

export const headerReferences = (names: ResponseHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Headers of requests and the path's parameter, by the names under which operations refer to them. */
export const requestParameters = {
  Namespace: {
    name: 'x-company-namespace',
    in: 'header',
    description:
      'The namespace in which the request acts; absent, the first that the key holds. For example `company1`.',
    schema: { type: 'string' },
  },
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description:
      'The name of the request in the answer and in logs, 1 to 128 printable ASCII characters; the service gives one of its own in place of any other. For example `import-42`.',
    schema: { type: 'string' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'For 24 hours the same key with the same body in the same namespace creates once and answers the same 201 again. For example a UUID.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'Acts only where this is still the version: one tag or several, or `*` for any. Weak tags never match.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'Answers 304 where this is the version still.',
    schema: { type: 'string' },
  },
  Id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The channel. Case makes no difference; what is no id is 404.',
    schema: { type: 'string', pattern: '^[0-9A-Fa-f]{24}$' },
    example: '65f0a1b2c3d4e5f601234567',
  },
};

export type RequestParameter = keyof typeof requestParameters;

const text = (description: string, example: string, more: object = {}) => ({
  description,
  schema: { type: 'string', ...more },
  example,
});

/** The headers of responses, by name. Responses that the gateway makes itself do not have the common headers. */
export const responseHeaders = {
  'x-request-id': text('The id of the request. If the client sends one, the service uses it.', 'c6af9ac6'),
  'Cache-Control': text('Caches must not store responses.', 'no-store'),
  'X-Content-Type-Options': text('Browsers must trust the content type.', 'nosniff'),
  'Strict-Transport-Security': text('Clients must use HTTPS.', 'max-age=63072000; includeSubDomains'),
  'x-consumed-capacity': text(
    'The DynamoDB calls, read units and write units that the request consumed.',
    'calls=1; rcu=0.5; wcu=0',
    { pattern: '^calls=\\d+; rcu=[\\d.]+; wcu=[\\d.]+$' },
  ),
  ETag: text('The version of the channel. Send it in If-Match or If-None-Match.', '"0"', {
    pattern: '^"\\d+"$',
  }),
  Location: text(
    'The URL of the new channel. It is absolute if the service knows its public address, otherwise relative. If the channel is not in the namespace of this request, name one of its namespaces in x-company-namespace.',
    'client-channel/65f0a1b2c3d4e5f601234567',
  ),
  'Idempotency-Replayed': text(
    'The response repeats that of an earlier request with the same Idempotency-Key.',
    'true',
  ),
  Link: text(
    'Links to the first, prev, next and last page (RFC 8288). They are absolute if the service knows its public address, otherwise relative. Absent if the header would exceed 4 KB.',
    '<?page=1>; rel="first", <?cursor=AQ3t>; rel="next"',
  ),
  'WWW-Authenticate': text('How to authenticate.', 'Bearer realm="client-channels"'),
  'Retry-After': text('Wait this number of seconds before you retry.', '1'),
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

/** The headers and the path parameter of requests, by the names that operations use for them. */
export const requestParameters = {
  Namespace: {
    name: 'x-company-namespace',
    in: 'header',
    description:
      'The namespace in which the request acts. The default is the first namespace that the API key holds. For example `company1`.',
    schema: { type: 'string', examples: ['company1'] },
  },
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description:
      'The id of the request in the response and in logs: 1 to 128 printable ASCII characters. The service replaces any other value by an id of its own. For example `import-42`.',
    schema: { type: 'string', examples: ['import-42'] },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Requests with the same key, body and namespace create one channel. For 24 hours, repeated requests get the same 201 response. 1 to 255 printable ASCII characters, for example a UUID.',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      not: { pattern: '[^\\x20-\\x7e]' },
      examples: ['0a4a7b86-5b6e-4f4e-8f4e-0c1f1d2b3c4d'],
    },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The request succeeds only if the channel has this version. One ETag or several, or `*` for any version. Weak ETags never match.',
    schema: { type: 'string', examples: ['"0"'] },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The response is 304 if the channel still has this version.',
    schema: { type: 'string', examples: ['"0"'] },
  },
  Id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The id of the channel. Case makes no difference. A malformed id is not found (404).',
    schema: { type: 'string', pattern: '^[0-9A-Fa-f]{24}$' },
    example: '65f0a1b2c3d4e5f601234567',
  },
};

export type RequestParameter = keyof typeof requestParameters;

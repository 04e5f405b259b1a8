import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { changesParameterNames } from '../../lib/changes/changes-query.ts';
import { historyParameterNames } from '../../lib/history/history-query.ts';
import { parameterNames } from '../../lib/lists/query/parse-list-query.ts';
import { operations } from '../../lib/manifest/operations.ts';
import { describeApi } from '../../lib/openapi/api-description.ts';
import { changesParameters } from '../../lib/openapi/changes-parameters.ts';
import { historyParameters } from '../../lib/openapi/history-parameters.ts';
import { describedParameters } from '../../lib/openapi/list-parameters.ts';

const file = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');

describe('docs/openapi.json', () => {
  test('equals the description in the code (`npm run openapi` generates the file)', () => {
    expect(file).toBe(`${JSON.stringify(describeApi(), null, 2)}\n`);
  });

  test('is valid OpenAPI 3.1, and every reference resolves', async () => {
    const validator = new Validator();
    expect(await validator.validate(JSON.parse(file))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    const references = [...file.matchAll(/"\$ref": "#\/(.+)"/g)].map(([, path]) => path as string);
    const found = (path: string) =>
      path.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], JSON.parse(file));
    expect(references.filter((path) => found(path) === undefined)).toEqual([]);
  });

  test('describes every method of every operation', () => {
    const described = Object.entries(describeApi().paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const offered = operations.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`));
    expect(described.sort()).toEqual(offered.sort());
  });

  test('contains an example of every error and of every success response with channels', () => {
    interface Described {
      responses: Record<string, { content?: Record<string, { example?: object; examples?: object }> }>;
    }
    const withoutExample = Object.entries(describeApi().paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Described>).flatMap(([method, { responses }]) =>
        Object.entries(responses)
          .filter(([status]) => Number(status) >= 400 || path.startsWith('/client-channel'))
          .flatMap(([status, { content }]) => {
            const { example, examples } = content?.['application/json'] ?? {};
            // 304 has no content.
            return content && !example && !examples ? [`${status} of ${method} ${path}`] : [];
          }),
      ),
    );
    expect(withoutExample).toEqual([]);
  });

  test('describes every query parameter of a list', () => {
    const names = describedParameters.map(({ name }) => name);
    const indexedMetadata = ['integration_meta.external_id', 'integration_meta.id'];
    expect(names.filter((name) => !indexedMetadata.includes(name))).toEqual(parameterNames);
    expect(names).toEqual(expect.arrayContaining(indexedMetadata));
  });

  test('describes every query parameter of the changes', () => {
    expect(changesParameters.map(({ name }) => name)).toEqual(changesParameterNames);
  });

  test('describes every query parameter of a history', () => {
    expect(historyParameters.map(({ name }) => name)).toEqual(historyParameterNames);
  });
});

/** What breaks the clients that people generate. `npm run test:clients` shows that the rest works. */
describe('for generators of clients, the description', () => {
  interface Schema {
    type?: string | string[];
    format?: string;
    anyOf?: Schema[];
    [keyword: string]: unknown;
  }

  /** All schemas in a part of the description, with those inside of them. References are not followed. */
  const schemasIn = (part: unknown): Schema[] => {
    if (typeof part !== 'object' || part === null) return [];
    const inner = Object.entries(part)
      .filter(([keyword]) => !['example', 'examples'].includes(keyword))
      .flatMap(([, value]) => schemasIn(value));
    return 'type' in part || 'anyOf' in part || 'const' in part ? [part as Schema, ...inner] : inner;
  };

  const { paths, components } = JSON.parse(file);
  const requestBodies = [
    'ChannelCreation',
    'ChannelChange',
    'ChannelMergePatch',
    'ChannelUpsert',
    'UpsertRow',
  ];
  const responses = Object.entries(components.schemas).filter(([name]) => !requestBodies.includes(name));
  const query: { name: string; schema: Schema }[] = ['/client-channel', '/client-channel/changes']
    .flatMap((path) => paths[path].get.parameters)
    .filter((parameter: { in?: string }) => parameter.in === 'query');

  test('has a schema of its own for each content type of a body, so that clients choose by the type of the body', () => {
    interface Body {
      requestBody?: { content: Record<string, { schema: Schema }> };
    }
    const bodies = Object.values(paths).flatMap((path) => Object.values(path as Record<string, Body>));
    const schemas = bodies.map(({ requestBody }) =>
      Object.values(requestBody?.content ?? {}).map(({ schema }) => schema.$ref),
    );
    expect(schemas.filter((ofBody) => ofBody.length > 1)).toEqual([
      ['#/components/schemas/ChannelChange', '#/components/schemas/ChannelMergePatch'],
    ]);
  });

  test('has 64 bits for each integer', () => {
    const integers = schemasIn(JSON.parse(file)).filter(({ type }) => [type].flat().includes('integer'));
    expect(integers.length).toBeGreaterThan(5);
    expect(integers.filter(({ format }) => format !== 'int64')).toEqual([]);
  });

  test('writes a type that may be null as a list of types', () => {
    const choices = schemasIn(JSON.parse(file)).flatMap(({ anyOf = [] }) => anyOf);
    expect(choices.length).toBeGreaterThan(0);
    expect(choices.filter(({ type }) => type === 'null')).toEqual([]);
  });

  test('leaves responses open to new fields and values', () => {
    const described = schemasIn(Object.fromEntries(responses));
    const objects = described.filter(({ type }) => type === 'object');
    expect(objects.length).toBeGreaterThan(5);
    expect(objects.filter(({ additionalProperties }) => additionalProperties !== true)).toEqual([]);
    const closed = ['const', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'maxItems'];
    expect(described.filter((schema) => closed.some((keyword) => keyword in schema))).toEqual([]);
  });

  test('has only texts, numbers and lists of texts in a query, and no value by default', () => {
    const types = new Set(query.map(({ schema }) => schema.type));
    expect([...types].sort()).toEqual(['array', 'boolean', 'integer', 'string']);
    expect(query.filter(({ schema }) => schema.type === 'array' && schema.minItems !== 1)).toEqual([]);
    expect(query.map(({ schema }) => schema.default ?? '')).toEqual(query.map(() => ''));
  });

  test('describes itself and each operation', () => {
    const operations = Object.values(paths).flatMap((path) => Object.values(path as object));
    expect([JSON.parse(file).info, ...operations].filter(({ description }) => !description)).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { parameterNames } from '../../lib/lists/query/parse-list-query.ts';
import { operations } from '../../lib/manifest/operations.ts';
import { describeApi } from '../../lib/openapi/api-description.ts';
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
});

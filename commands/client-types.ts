import type { describeApi } from '../lib/openapi/api-description.ts';

/** As much of JSON Schema as the description uses. */
interface Schema {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
}

interface Parameter extends Schema {
  name: string;
  in: string;
  schema?: Schema;
  content?: Record<string, { schema: Schema }>;
}

const comment = (text: string | undefined, indent: string) => (text ? `${indent}/** ${text} */\n` : '');

const fields = ({ properties = {}, required = [] }: Schema, indent: string): string =>
  Object.entries(properties)
    .map(([name, schema]) => {
      const mark = required.includes(name) ? '' : '?';
      return `${comment(schema.description, indent)}${indent}${name}${mark}: ${typeOf(schema, indent)};\n`;
    })
    .join('');

const objectType = (schema: Schema, indent: string): string => {
  if (schema.properties) return `{\n${fields(schema, `${indent}  `)}${indent}}`;
  const values = schema.additionalProperties;
  return `Record<string, ${typeof values === 'object' ? typeOf(values, indent) : 'unknown'}>`;
};

const listType = (items: Schema, indent: string): string => {
  const each = typeOf(items, indent);
  return each.includes(' | ') ? `(${each})[]` : `${each}[]`;
};

const typeOf = (schema: Schema, indent: string): string => {
  const { $ref, const: only, enum: some, anyOf, type, items = {} } = schema;
  if ($ref !== undefined) return $ref.split('/').at(-1) as string;
  if (only !== undefined) return JSON.stringify(only);
  if (some) return some.map((value) => JSON.stringify(value)).join(' | ');
  if (anyOf) return anyOf.map((one) => typeOf(one, indent)).join(' | ');
  if (type === 'object') return objectType(schema, indent);
  if (type === 'array') return listType(items, indent);
  return type === 'integer' ? 'number' : (type ?? 'unknown');
};

const interfaceOf = (name: string, schema: Schema) =>
  `${comment(schema.description, '')}export interface ${name} {\n${fields(schema, '  ')}}\n`;

/** The types of the client in TypeScript, from the description: of channels, bodies, lists and errors. */
export const clientTypes = (description: ReturnType<typeof describeApi>): string => {
  const {
    Channel,
    ChannelCreation,
    ChannelChange,
    Pagination,
    Error: ErrorBody,
  } = description.components.schemas as Record<string, Schema>;
  const list = description.paths['/client-channel']?.get as { parameters: Parameter[] };
  const query = list.parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema, content, description }): [string, Schema] => [
      name,
      { ...(schema ?? content?.['application/json']?.schema), ...(description && { description }) },
    ]);
  const interfaces = { Channel, ChannelCreation, ChannelChange, Pagination, ErrorBody } as Record<
    string,
    Schema
  >;
  const ListQuery: Schema = {
    description: 'What a list is asked by. Filters combine with AND.',
    properties: Object.fromEntries(query),
  };
  return [
    '// Made by `npm run openapi` from the description of the API: change that.\n',
    ...Object.entries({ ...interfaces, ListQuery }).map(([name, schema]) => interfaceOf(name, schema)),
  ].join('\n');
};

import { sortFields } from '../lists/query/sorting.ts';

/** The OpenAPI description of one query parameter: its meaning, and how clients write its value. */
export interface DescribedParameter {
  name: string;
  description: string;
  schema: object;
  style?: 'form';
  explode?: boolean;
  example?: unknown;
}

/** Without a format, generated clients use 32 bits. */
export const integer = (minimum: number, maximum: number) => ({
  type: 'integer',
  format: 'int64',
  minimum,
  maximum,
});

/**
 * A string that holds JSON. Generated clients send it as it is: they write objects in a query in different, wrong ways. There is
 * no `contentMediaType`, because Swagger UI would then ask for a file.
 */
const jsonText = (contentSchema: object) => ({ type: 'string', contentSchema });

/** An empty text counts as absent. Converters for tools such as Postman, which fill in every parameter, use the default. */
export const absentByDefault = (schema: object) => ({ ...schema, default: '' });

/** The end of the year 2099, in milliseconds since the epoch. The service refuses times more than a year ahead. */
const latestTime = Date.UTC(2100, 0) - 1;

const listParameter = (
  name: string,
  meaning: string,
  example: unknown,
  more: string,
): DescribedParameter => ({
  name,
  description:
    `${meaning} Several values are written as \`${name}=a&${name}=b\`, \`${name}[]=a&${name}[]=b\`, \`${name}[0]=a&${name}[1]=b\`, or in JSON as \`${name}=["a","b"]\`. ` +
    `Brackets may be percent-encoded. At most 100 different values. An empty list, \`[]\`, matches nothing.${more}`,
  style: 'form',
  explode: true,
  // With an empty list, a generated client sends no parameter, and the list would hold every channel.
  schema: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 100 },
  example,
});

const emptyElement = ' So does an empty element.';

const metadataParameter = (key: string, example: string[]): DescribedParameter =>
  listParameter(
    `integration_meta.${key}`,
    `The metadata have one of these values at \`${key}\`, compared as text.`,
    example,
    ' A filter without a value is refused, and so is an empty element. This key is indexed.',
  );

/**
 * The descriptions of the query parameters of a list, in the order of the contract. Clients write lists of values in several
 * ways, and the service accepts all of these. The OpenAPI keywords describe the one that generated clients use.
 */
export const describedParameters: DescribedParameter[] = [
  {
    name: 'page',
    description:
      'The number of the page. The first page, 1, is the default. A list that is sorted by `name`, `updatedAt` or `disabled`, or filtered by ' +
      '`disabled`, allows `page × per_page` up to 10,000; use `cursor` to read further. Other lists have no such limit.',
    schema: integer(1, Number.MAX_SAFE_INTEGER),
    example: 1,
  },
  {
    name: 'per_page',
    description: 'The number of channels of a page. The default is 25.',
    schema: integer(1, 100),
    example: 25,
  },
  {
    name: 'cursor',
    description:
      'The `next_cursor` or `prev_cursor` of an earlier response. Send it with the same filters and the same order. A cursor is opaque. Not allowed together with `page`. An empty cursor counts as absent.',
    schema: absentByDefault({ type: 'string' }),
  },
  {
    name: 'sort',
    description:
      'The field to sort by. The default is `_id`. A leading `-` means descending. Not allowed together with `sortBy`.',
    schema: { type: 'string', enum: sortFields.flatMap((field) => [field, `-${field}`]) },
    example: '-createdAt',
  },
  {
    name: 'sortPageOrder',
    description:
      'The direction of `sort`. `dsc` means the same as `desc`. Not allowed together with `sortBy`.',
    schema: { type: 'string', enum: ['asc', 'desc', 'dsc'] },
    example: 'desc',
  },
  {
    name: 'sortBy',
    description:
      'Several fields to sort by, in JSON or in brackets: `sortBy[0][field]=name&sortBy[0][type]=desc`, `sortBy[][field]=name&sortBy[][type]=desc`, ' +
      '`sortBy[]={"field":"name","type":"desc"}`, or, for one field, `sortBy[field]=name&sortBy[type]=desc`. An empty text counts as absent.',
    schema: absentByDefault(
      jsonText({
        type: 'array',
        items: {
          type: 'object',
          properties: {
            field: { type: 'string', enum: [...sortFields] },
            type: { type: 'string', enum: ['asc', 'desc'] },
          },
          required: ['field', 'type'],
          additionalProperties: false,
        },
      }),
    ),
    example: '[{"field":"disabled","type":"asc"},{"field":"name","type":"desc"}]',
  },
  listParameter(
    '_id',
    'The channel has one of these ids. A malformed id matches nothing.',
    ['65f0a1b2c3d4e5f601234567', '65f0a1b2c3d4e5f601234568'],
    `${emptyElement} Commas also separate ids: \`_id=a,b\`. No other parameter allows this.`,
  ),
  listParameter(
    'name',
    'The name equals one of these values exactly.',
    ['Retail Channel', 'قناة التجزئة'],
    emptyElement,
  ),
  listParameter(
    'local_name',
    'The local name equals one of these values exactly.',
    ['قناة التجزئة'],
    emptyElement,
  ),
  {
    name: 'search',
    description:
      'The name or the local name contains each of these words, anywhere. One word may be in the name and another in the local name. These make no difference: case, accents, invisible characters, the script of digits (`١٢` is `12`), kinds of quotes and dashes, Latin strokes and ligatures (`ł` is `l`, `æ` is `ae`), and the writing variants of Arabic, Persian and Urdu (tatweel, tashkeel, the forms of alef, heh, kaf and yeh).',
    schema: { type: 'string', maxLength: 256 },
    example: 'تجزئه',
  },
  {
    name: 'disabled',
    description: '`true` for disabled channels only, `false` for enabled channels only.',
    schema: { type: 'boolean' },
    example: false,
  },
  {
    name: 'from_updatedAt',
    description:
      'The channel was updated after this time, in milliseconds since the epoch. Seconds, dates as text, and times more than a year ahead are refused.',
    schema: integer(0, latestTime),
    example: 1700000000000,
  },
  {
    name: 'from__id',
    description: 'The id is greater than this id. Also accepts a cursor of a list in the order of `_id`.',
    schema: { type: 'string' },
    example: '000000000000000000000000',
  },
  {
    name: 'to__id',
    description: 'The id is less than this id. Also accepts a cursor of a list in the order of `_id`.',
    schema: { type: 'string' },
    example: 'ffffffffffffffffffffffff',
  },
  metadataParameter('external_id', ['ch_123', 'ch_124']),
  metadataParameter('id', ['77']),
  {
    name: 'integration_meta',
    description:
      'The metadata contain these scalars, compared as text, in JSON: `integration_meta={"external_id":"ch_123"}`. Other forms are `integration_meta[external_id]=ch_123` and ' +
      '`integration_meta.external_id=ch_123` (dots separate levels). In brackets and in JSON, a dot is part of the key. At most 100 conditions of at most 16 levels. ' +
      'Several values mean any of them, at most 100: `integration_meta={"external_id":["a","b"]}`. An empty list, `[]`, matches nothing. ' +
      'A filter without a value is refused, and so are objects as values and keys that begin with `$`: there are no operators. No object may have a key twice. ' +
      'Only `external_id` and `id` are indexed: such a list sees every write before it, unless more than 20 channels have the value. A filter by another key reads all channels that the other filters leave, within a budget.',
    schema: jsonText({ type: 'object', minProperties: 1, additionalProperties: true }),
    example: '{"external_id":"ch_123"}',
  },
];

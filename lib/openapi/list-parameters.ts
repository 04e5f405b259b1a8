import { sortFields } from '../lists/query/sorting.ts';

/** One query parameter of a list, as OpenAPI has it: how its value is written, and what it means. */
export interface DescribedParameter {
  name: string;
  description: string;
  schema?: object;
  style?: 'form' | 'deepObject';
  explode?: boolean;
  content?: Record<string, { schema: object; example?: unknown }>;
  example?: unknown;
}

const integer = (minimum: number, maximum?: number) => ({
  type: 'integer',
  minimum,
  maximum: maximum ?? Number.MAX_SAFE_INTEGER,
});

const listForms = (name: string) =>
  `Several values: \`${name}=a&${name}=b\`, \`${name}[]=a&${name}[]=b\`, \`${name}[0]=a&${name}[1]=b\` or as JSON, \`${name}=["a","b"]\`; ` +
  'brackets raw or percent-encoded. An empty list, `[]`, matches nothing. At most 100 different values.';

const listParameter = (name: string, meaning: string, example: unknown, more = ''): DescribedParameter => ({
  name,
  description: `${meaning} ${listForms(name)}${more}`,
  style: 'form',
  explode: true,
  schema: { type: 'array', items: { type: 'string' }, maxItems: 100 },
  example,
});

/**
 * The query parameters of a list for those who read about them, in the order of the contract. Each client's way of
 * writing a list is understood; the form that is described first is the one that OpenAPI's own clients write.
 */
export const describedParameters: DescribedParameter[] = [
  {
    name: 'page',
    description:
      'The page, from 1, which is the default. Any page where the list is in the order of `_id`; sorted by `name`, `updatedAt` ' +
      'or `disabled`, or filtered by `disabled`, `page × per_page` may be at most 10,000: go further by `cursor`.',
    schema: integer(1),
    example: 1,
  },
  {
    name: 'per_page',
    description: 'How many channels a page holds, 25 by default.',
    schema: integer(1, 100),
    example: 25,
  },
  {
    name: 'cursor',
    description:
      "Opaque: the last answer's `next_cursor` or `prev_cursor`, together with the same filters and sort. Not together with `page`.",
    schema: { type: 'string' },
  },
  {
    name: 'sort',
    description:
      'The field to sort by, `_id` by default; descending with a leading `-`. Not together with `sortBy`.',
    schema: { type: 'string', enum: sortFields.flatMap((field) => [field, `-${field}`]) },
    example: '-createdAt',
  },
  {
    name: 'sortPageOrder',
    description: 'The direction of `sort`; `dsc` is understood as `desc`. Not together with `sortBy`.',
    schema: { type: 'string', enum: ['asc', 'desc', 'dsc'] },
    example: 'desc',
  },
  {
    name: 'sortBy',
    description:
      'Several fields to sort by. As JSON, or in brackets: `sortBy[0][field]=name&sortBy[0][type]=desc`, `sortBy[][field]=name&sortBy[][type]=desc`, ' +
      '`sortBy[]={"field":"name","type":"desc"}`, or `sortBy[field]=name&sortBy[type]=desc` for one.',
    content: {
      'application/json': {
        schema: {
          type: 'array',
          items: {
            type: 'object',
            properties: { field: { enum: [...sortFields] }, type: { enum: ['asc', 'desc'] } },
            required: ['field', 'type'],
            additionalProperties: false,
          },
        },
        example: [
          { field: 'disabled', type: 'asc' },
          { field: 'name', type: 'desc' },
        ],
      },
    },
  },
  listParameter(
    '_id',
    'Any of these ids; one that is malformed matches nothing.',
    ['65f0a1b2c3d4e5f601234567', '65f0a1b2c3d4e5f601234568'],
    ' Here alone commas split too: `_id=a,b`.',
  ),
  listParameter('name', 'Any of these names, exactly.', ['Retail Channel', 'قناة التجزئة']),
  listParameter('local_name', 'Any of these local names, exactly.', ['قناة التجزئة']),
  {
    name: 'search',
    description:
      'Words that must all occur somewhere in the name. Case, accents and Arabic writing variants (tatweel, tashkeel, alef and ya forms, ta marbuta) make no difference.',
    schema: { type: 'string', maxLength: 256 },
    example: 'تجزئه',
  },
  {
    name: 'disabled',
    description: 'Only channels that are disabled, or only those that are not.',
    schema: { type: 'boolean' },
    example: false,
  },
  {
    name: 'from_updatedAt',
    description: 'Updated strictly after: milliseconds since the epoch.',
    schema: integer(0),
    example: 1700000000000,
  },
  {
    name: 'from__id',
    description: 'Ids strictly greater: an id, or a cursor of a list in `_id` order.',
    schema: { type: 'string' },
    example: '000000000000000000000000',
  },
  {
    name: 'to__id',
    description: 'Ids strictly less: an id, or a cursor of a list in `_id` order.',
    schema: { type: 'string' },
    example: 'ffffffffffffffffffffffff',
  },
  {
    name: 'integration_meta',
    description:
      'Equal to these scalars, compared as text: `integration_meta[external_id]=ch_123`, `integration_meta.external_id=ch_123` (dots separate levels), or as JSON, ' +
      '`integration_meta={"external_id":"ch_123"}`. A key in brackets or JSON is literal. At most 100 conditions of 16 levels.',
    style: 'deepObject',
    explode: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    example: { external_id: 'ch_123' },
  },
];

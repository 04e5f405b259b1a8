import { maxChangesPerPage } from '../changes/changes-query.ts';
import { absentByDefault, type DescribedParameter, integer } from './list-parameters.ts';

/** The descriptions of the query parameters of the changes, in the order of the contract. */
export const changesParameters: DescribedParameter[] = [
  {
    name: 'cursor',
    description:
      'The `next_cursor` of the last response. It is opaque. Without it, or if it is empty, the reading begins again with all channels.',
    schema: absentByDefault({ type: 'string' }),
  },
  {
    name: 'per_page',
    description: 'The maximum number of changes in a response. The default is 100.',
    schema: integer(1, maxChangesPerPage),
    example: maxChangesPerPage,
  },
  {
    name: 'exclude_self',
    description:
      '`true` leaves out the changes that the own API key made. A channel that anybody else has changed since the cursor is included, no matter who wrote last. It has no effect until the first reading is complete. A reader that uses it puts its own changes into its copy itself, counts them as brought by the reading, and does not write while it waits for a response.',
    schema: { type: 'boolean' },
    example: true,
  },
];

import { defaultVersionsPerPage, maxVersionsPerPage } from '../history/history-query.ts';
import { absentByDefault, type DescribedParameter, integer } from './list-parameters.ts';

/** The descriptions of the query parameters of a history, in the order of the contract. */
export const historyParameters: DescribedParameter[] = [
  {
    name: 'cursor',
    description: 'The `next_cursor` of the last response. It is opaque. An empty cursor counts as absent.',
    schema: absentByDefault({ type: 'string' }),
  },
  {
    name: 'per_page',
    description: `The maximum number of versions in a response. The default is ${defaultVersionsPerPage}.`,
    schema: integer(1, maxVersionsPerPage),
    example: defaultVersionsPerPage,
  },
];

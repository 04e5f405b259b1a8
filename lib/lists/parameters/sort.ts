import type { ValueParser } from '../query/values.ts';

/** The fields by which a list can be sorted. */
export const sortFields = ['_id', 'name', 'local_name', 'disabled', 'createdAt', 'updatedAt'] as const;

type SortField = (typeof sortFields)[number];

export interface SortTerm {
  field: SortField;
  descending: boolean;
}

/** `name`, or `-name` for descending. */
export const sortParameter: ValueParser<SortTerm> = {
  accepted: `one of ${sortFields.join(', ')}, with a leading - for descending`,
  read: (text) => {
    const descending = text.startsWith('-');
    const field = sortFieldOf(descending ? text.slice(1) : text);
    return field && { field, descending };
  },
};

export const sortFieldOf = (text: unknown): SortField | undefined =>
  sortFields.find((field) => field === text);

import { isDeepStrictEqual } from 'node:util';
import type { ChannelFields } from '../files/columns.ts';

/** What changes in one field. An absent value is not there. */
export interface FieldChange {
  field: string;
  from?: unknown;
  to?: unknown;
}

/** The fields that a client sets, with a field for each key of the metadata. */
const fieldsOf = (channel: ChannelFields | undefined): Map<string, unknown> => {
  if (!channel) return new Map();
  const { name, local_name, disabled, company_namespace, integration_meta = {} } = channel;
  const meta = Object.entries(integration_meta).map(([key, value]) => [`integration_meta.${key}`, value]);
  const fields = Object.entries({ name, local_name, disabled, company_namespace });
  return new Map([...fields, ...(meta as [string, unknown][])].filter(([, value]) => value !== undefined));
};

/** The fields in which a channel differs before and after. Before a creation and after a deletion, there is no channel. */
export const changedFields = (
  before: ChannelFields | undefined,
  after: ChannelFields | undefined,
): FieldChange[] => {
  const from = fieldsOf(before);
  const to = fieldsOf(after);
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((field) => !isDeepStrictEqual(from.get(field), to.get(field)))
    .map((field) => ({
      field,
      ...(from.has(field) && { from: from.get(field) }),
      ...(to.has(field) && { to: to.get(field) }),
    }));
};

const textOf = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value));

/** For people: `name: "A" → "B"`. */
export const describeChange = ({ field, from, to }: FieldChange): string =>
  `${field}: ${textOf(from)} → ${textOf(to)}`;

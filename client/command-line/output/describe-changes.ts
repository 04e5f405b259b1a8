import type { ChannelFields } from '../files/columns.ts';
import { isSame } from '../is-same.ts';

/** What changes in one field. An absent value is not there. */
export interface FieldChange {
  field: string;
  from?: unknown;
  to?: unknown;
}

type Fields = Record<string, unknown>;

/** The fields that a client sets, with a field for each key of the metadata. */
const fieldsOf = (channel: ChannelFields | undefined): Fields => {
  const { name, local_name, disabled, company_namespace, integration_meta = {} } = channel ?? {};
  const meta = Object.entries(integration_meta).map(([key, value]) => [`integration_meta.${key}`, value]);
  return { name, local_name, disabled, company_namespace, ...Object.fromEntries(meta) };
};

/** The fields in which a channel differs before and after. Before a creation and after a deletion, there is no channel. */
export const changedFields = (
  before: ChannelFields | undefined,
  after: ChannelFields | undefined,
): FieldChange[] => {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return Object.keys({ ...old, ...now })
    .filter((field) => !isSame(old[field], now[field]))
    .map((field) => ({
      field,
      ...(old[field] !== undefined && { from: old[field] }),
      ...(now[field] !== undefined && { to: now[field] }),
    }));
};

const textOf = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value));

/** For people: `name: "A" → "B"`. */
export const describeChange = ({ field, from, to }: FieldChange): string =>
  `${field}: ${textOf(from)} → ${textOf(to)}`;

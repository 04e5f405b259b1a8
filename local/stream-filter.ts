import type { FilterPattern } from '../lib/manifest/stream-consumers.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const matchesAnyRule = (rules: readonly (string | { readonly prefix: string })[], value: unknown): boolean =>
  typeof value === 'string' &&
  rules.some((rule) => (typeof rule === 'string' ? value === rule : value.startsWith(rule.prefix)));

/** Whether a value matches a filter pattern: each field of the pattern has one of the values that it lists. */
export const matches = (pattern: FilterPattern, value: unknown): boolean =>
  isRecord(value) &&
  Object.entries(pattern).every(([field, rule]) =>
    Array.isArray(rule) ? matchesAnyRule(rule, value[field]) : matches(rule as FilterPattern, value[field]),
  );

import type { RawParameter } from '../query/raw-parameters.ts';

/** Clients write out what they have no value for: `URLSearchParams` makes these texts of null and undefined. */
export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === 'null' || value === 'undefined';

/** Absent, or white space alone. */
export const isBlank = (text: string): boolean => isAbsent(text) || text.trim() === '';

/** Whether any of these parameters has a value. */
export const hasValue = (given: RawParameter[] = []): boolean => given.some(({ value }) => !isAbsent(value));

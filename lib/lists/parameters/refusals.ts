import { type ErrorDetail, invalidRequest, mostDetails } from '../../errors.ts';
import type { Refuse } from '../query/parser.ts';

/** Everything that is wrong with a query. */
export interface Refusals {
  refuse: Refuse;
  /** @throws ApiError `invalid_request` where anything was refused; its details are the first 100. */
  throwIfAny: () => void;
}

export const collectRefusals = (): Refusals => {
  const details: ErrorDetail[] = [];
  let count = 0;
  return {
    refuse: (path, message) => {
      count += 1;
      if (details.length < mostDetails) details.push({ path, message });
      return undefined;
    },
    throwIfAny: () => {
      const [first, ...others] = details;
      if (first) throw invalidRequest('query parameter', [first, ...others], count);
    },
  };
};

import { type ErrorDetail, invalidRequest, maxDetails } from '../../errors.ts';
import type { AddIssue } from '../query/parser.ts';

/** Everything that is wrong with a query. */
export interface IssueCollector {
  addIssue: AddIssue;
  /** @throws ApiError `invalid_request` where anything was refused; its details are the first 100. */
  throwIfAny: () => void;
}

export const collectIssues = (): IssueCollector => {
  const details: ErrorDetail[] = [];
  let count = 0;
  return {
    addIssue: (path, message) => {
      count += 1;
      if (details.length < maxDetails) details.push({ path, message });
      return undefined;
    },
    throwIfAny: () => {
      const [first, ...others] = details;
      if (first) throw invalidRequest('query parameter', [first, ...others], count);
    },
  };
};

import { type ErrorDetail, invalidRequest, maxDetails } from '../../api-error.ts';
import type { RawParameter } from './raw-parameters.ts';

/** All parameters with one name: at least one. */
export type RawParameters = [RawParameter, ...RawParameter[]];

/** Parses all parameters of one name into one value. Returns `undefined` if there is no value, or if it adds an issue. */
export type Parser<Value> = (raw: RawParameters, addIssue: AddIssue) => Value | undefined;

/** Records one problem. Parsing goes on afterwards, so that the client gets all problems at once. */
export type AddIssue = (path: string, message: string) => undefined;

/** How many values or conditions a filter may have. */
export const maxValues = 100;

export interface IssueCollector {
  addIssue: AddIssue;
  /** @throws ApiError `invalid_request` if there are issues; its details are the first 100 */
  throwIfAny: () => void;
}

/** Collects the problems of one query. */
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

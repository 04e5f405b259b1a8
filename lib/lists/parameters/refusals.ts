import { ApiError, type ErrorDetail, mostDetails } from '../../errors.ts';
import type { Refuse } from './reader.ts';

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
      const [first] = details;
      if (first) throw new ApiError('invalid_request', sentenceOf(first, count), { details });
    },
  };
};

const sentenceOf = ({ path, message }: ErrorDetail, count: number): string => {
  const sentence = `The query parameter "${path}" ${message}.`;
  if (count === 1) return sentence;
  const where =
    count > mostDetails ? `see the details, which are the first ${mostDetails}` : 'see the details';
  return `${sentence} Of ${count} problems this is the first: ${where}.`;
};

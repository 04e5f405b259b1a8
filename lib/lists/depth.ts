import { ApiError } from '../errors.ts';
import type { Plan } from './plan/plan.ts';

/** An index has no blocks: what stands before a page is passed over one by one, 48 read units for 1,000 of 289 bytes. */
const maxIndexDepth = 10_000;

/** The last channel, counted from the first, that a page by number may show. */
export const maxDepthOf = ({ read }: Plan): number =>
  read === 'walkIndex' ? maxIndexDepth : Number.MAX_SAFE_INTEGER;

/** @throws ApiError `page_too_deep` for a page by number that ends behind what its plan reaches. */
export const checkDepth = (plan: Plan, page: number, perPage: number): void => {
  const maxDepth = maxDepthOf(plan);
  if (page * perPage > maxDepth)
    throw new ApiError(
      'page_too_deep',
      `page × per_page may be at most ${maxDepth} here: to go further, pass the last answer's next_cursor as cursor.`,
    );
};

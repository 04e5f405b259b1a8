import * as z from 'zod/mini';

const count = () => z.int().check(z.nonnegative());

/** The pagination of a list. The TypeScript type and the OpenAPI description are derived from it. */
export const pagination = z.strictObject({
  page: z.int().check(z.minimum(1)),
  per_page: z.int().check(z.minimum(1), z.maximum(100)),
  pre_page: count(),
  next_page: count(),
  total: count(),
  total_page: count(),
  next_cursor: z.exactOptional(z.string()),
  prev_cursor: z.exactOptional(z.string()),
});

export type Pagination = z.infer<typeof pagination>;

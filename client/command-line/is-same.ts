/** Whether two values from the service are the same as JSON. It returns the keys of metadata in one order. */
export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

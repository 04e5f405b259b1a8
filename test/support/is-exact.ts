/**
 * Whether doubles hold all integers of a JSON value exactly, as `JSON.stringify` writes them. It writes the double
 * 20474895527675112 as 20474895527675110, because no other double is nearer to that, and the service refuses these digits.
 */
export const isExact = (value: unknown): boolean => {
  if (typeof value === 'number') return !/^-?\d+$/.test(`${value}`) || BigInt(`${value}`) === BigInt(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
};

/** The maximum levels of objects and arrays in metadata. A path to a scalar has at most as many keys. */
export const maxMetaDepth = 16;

const isScalar = (value: unknown) => value !== undefined && (typeof value !== 'object' || value === null);

/** Returns the scalar at a path of a metadata object as text, so that `5` equals `"5"`. */
export const scalarAt = (meta: unknown, path: string[]): string | undefined => {
  let value = meta;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return isScalar(value) ? String(value) : undefined;
};

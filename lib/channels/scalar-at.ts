const isScalar = (value: unknown) => value !== undefined && (typeof value !== 'object' || value === null);

/** The scalar at a path of a metadata object, as text: `5` and `"5"` are alike. */
export const scalarAt = (meta: unknown, path: string[]): string | undefined => {
  let value = meta;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return isScalar(value) ? String(value) : undefined;
};

/** An item as it is stored: attributes by name. */
export type Item = Record<string, unknown>;

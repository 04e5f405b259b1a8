/** Whether a key in brackets stands for an element of a list: `_id[]`, `_id[0]`. */
export const isListIndex = (key: string): boolean => /^\d*$/.test(key);

/** What a text says in JSON; `undefined` where it says nothing. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Tells JSON objects from the other values that JSON has.

/** Whether the value is an object with names and values: not null and no list. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

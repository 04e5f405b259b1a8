const lettersOf = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');

/**
 * Refuses options that a method does not have. A misspelt `dryRun` that is ignored would write.
 * @throws TypeError that names the option, and the one that was probably meant
 */
export const checkOptions = (method: string, options: object, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`The options of ${method} must be an object.`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = known.find((name) => lettersOf(name) === lettersOf(unknown));
  const hint = meant ? `did you mean "${meant}"?` : `known: ${known.join(', ')}`;
  throw new TypeError(`"${unknown}" is not an option of ${method} (${hint}).`);
};

/**
 * Loads a function by its file, named from the project's root. It reads its environment while it loads, so that has to be
 * complete before; several are to be loaded one after the other.
 * @throws Error where the file exports no `handler`.
 */
export const loadHandler = async <Handler>(file: string): Promise<Handler> => {
  const { handler }: { handler?: Handler } = await import(`../${file}`);
  if (typeof handler !== 'function') throw new Error(`${file} exports no handler`);
  return handler;
};

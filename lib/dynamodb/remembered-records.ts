/** More than one batch of each shard that one process may get in turn. */
const maxRemembered = 10_000;

/**
 * Remembers records of a stream for which this process has done some work. Lambda delivers a record again if something later
 * failed, and the work would be done again. Forgetting some records is harmless.
 */
export class RememberedRecords {
  readonly #ids = new Set<string>();

  /** @param id the `eventID` of a record */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(ids: string[]): void {
    if (this.#ids.size + ids.length > maxRemembered) this.#ids.clear();
    for (const id of ids) this.#ids.add(id);
  }
}

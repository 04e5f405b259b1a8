/** More than one batch of each shard that one process may get in turn. */
const maxRemembered = 10_000;

/**
 * Remembers records of a stream for which this process has done some work. Lambda delivers a record again if something later
 * failed, and the work would be done again. Forgetting some records is harmless.
 */
export class RememberedRecords {
  readonly #sequenceNumbers = new Set<string>();

  has(sequenceNumber: string): boolean {
    return this.#sequenceNumbers.has(sequenceNumber);
  }

  add(sequenceNumbers: string[]): void {
    if (this.#sequenceNumbers.size + sequenceNumbers.length > maxRemembered) this.#sequenceNumbers.clear();
    for (const sequenceNumber of sequenceNumbers) this.#sequenceNumbers.add(sequenceNumber);
  }
}

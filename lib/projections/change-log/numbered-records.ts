/** More than one batch of each shard that one process may get in turn. */
const maxRemembered = 10_000;

/**
 * Remembers the records that this process has numbered: Lambda delivers a record again if something later failed, and a
 * record that is numbered again makes every reader read its channel again. Forgetting some is harmless.
 */
export class NumberedRecords {
  readonly #sequenceNumbers = new Set<string>();

  has(sequenceNumber: string): boolean {
    return this.#sequenceNumbers.has(sequenceNumber);
  }

  add(sequenceNumbers: string[]): void {
    if (this.#sequenceNumbers.size + sequenceNumbers.length > maxRemembered) this.#sequenceNumbers.clear();
    for (const sequenceNumber of sequenceNumbers) this.#sequenceNumbers.add(sequenceNumber);
  }
}

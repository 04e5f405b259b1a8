import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';

/** What one request cost, by DynamoDB's own account: round trips, and read and write capacity units. */
export class Meter {
  #calls = 0;
  #rcu = 0;
  #wcu = 0;

  /** A round trip counts however it ended; DynamoDB says what it consumed only where it succeeded. */
  count(attempts: number, kind: 'read' | 'write', consumed: ConsumedCapacity[] = []): void {
    this.#calls += attempts;
    for (const { CapacityUnits = 0 } of consumed) {
      if (kind === 'read') this.#rcu += CapacityUnits;
      else this.#wcu += CapacityUnits;
    }
  }

  get totals(): { calls: number; rcu: number; wcu: number } {
    return { calls: this.#calls, rcu: this.#rcu, wcu: this.#wcu };
  }

  /** `calls=1; rcu=0.5; wcu=0`, or nothing where no table was touched. */
  get summary(): string | undefined {
    return this.#calls ? `calls=${this.#calls}; rcu=${this.#rcu}; wcu=${this.#wcu}` : undefined;
  }
}

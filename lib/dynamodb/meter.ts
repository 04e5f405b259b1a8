import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';

/** The cost of one request: round trips, and the read and write capacity units that DynamoDB reports. */
export class Meter {
  #calls = 0;
  #rcu = 0;
  #wcu = 0;

  /** Counts every round trip. DynamoDB reports capacity units only for a call that succeeded. */
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

  /** `calls=1; rcu=0.5; wcu=0`, or undefined if no table was called. */
  get summary(): string | undefined {
    return this.#calls ? `calls=${this.#calls}; rcu=${this.#rcu}; wcu=${this.#wcu}` : undefined;
  }
}

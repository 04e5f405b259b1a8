import { randomUUID } from 'node:crypto';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { call, retryContention, type Session } from './session.ts';

/** One write of a transaction, with the name of its table. */
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** The items that one transaction takes (Amazon DynamoDB Developer Guide, "Service, account, and table quotas"). */
export const maxTransactionItems = 100;

/**
 * Writes all or nothing: at most 100 items, in any tables. `draw` makes the writes of each attempt, because a retry may
 * need other writes (another shard of a counter, a later time). The SDK repeats an attempt whose outcome is unknown
 * with the same token and the same writes, so that it cannot happen twice (ClientRequestToken).
 * @returns the result that `draw` gave for the attempt that succeeded
 * @throws TransactionConditionFailed, WriteContention, Throttled, Unavailable
 */
export const transact = <Result>(
  session: Session,
  draw: () => { writes: TransactItem[]; result: Result },
): Promise<Result> =>
  retryContention(session, async () => {
    const { writes, result } = draw();
    const command = new TransactWriteCommand({
      TransactItems: writes,
      ClientRequestToken: randomUUID(),
      ReturnConsumedCapacity: 'TOTAL',
    });
    await call(session, 'write', (options) => session.client.send(command, options));
    return result;
  });

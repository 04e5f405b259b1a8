import { TransactionCanceledException, TransactionConflictException } from '@aws-sdk/client-dynamodb';

/** Errors as the SDK throws them. */
const refused = { message: 'x', $metadata: { httpStatusCode: 400 } };

/** The connection ended without a response: the call may have been carried out. */
export const connectionLost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

export const throttled = () =>
  Object.assign(new Error('slow down'), {
    name: 'ProvisionedThroughputExceededException',
    $metadata: refused.$metadata,
  });

/** Another transaction is writing the item of a call that is no transaction. */
export const conflict = () => new TransactionConflictException(refused);

/** A transaction was cancelled, because another one is writing the same items. */
export const cancelled = () =>
  new TransactionCanceledException({ ...refused, CancellationReasons: [{ Code: 'TransactionConflict' }] });

/** DynamoDB failed. The call may have been carried out. */
export const serverError = () =>
  Object.assign(new Error('x'), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } });

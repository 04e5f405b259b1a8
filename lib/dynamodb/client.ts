import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, type UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Failure, isOutcomeUnknown } from './translate-failure.ts';

/** Flags the error of a call's last try if an earlier try got no answer. The SDK does not report this itself. */
const flagUnknownOutcomes = (client: DynamoDBDocumentClient): void =>
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (isOutcomeUnknown(error as Failure)) context.outcomeUnknown = true;
        else if (context.outcomeUnknown) (error as Failure).outcomeUnknown = true;
        throw error;
      }
    },
    // This step runs inside the SDK's retry loop: each try passes through it.
    { step: 'finalizeRequest', priority: 'low', name: 'flagUnknownOutcomes' },
  );

/**
 * Makes the SDK end this call if a try gets no answer, instead of sending it again. It still repeats a try that DynamoDB
 * refused, for example because of throttling.
 */
export const endOnLostAnswer = (command: UpdateCommand): void =>
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (!isOutcomeUnknown(error as Failure)) throw error;
        // The SDK never repeats a call after an error of this name.
        throw Object.assign(new Error('No answer', { cause: error }), { name: 'AbortError' });
      }
    },
    // `override`, because lib-dynamodb adds the middleware of a command twice.
    { step: 'finalizeRequest', priority: 'low', name: 'endOnLostAnswer', override: true },
  );

/**
 * Creates the one client of a process. Requests share its connections. The SDK has no request timeout by default: here, a
 * call that hangs is ended after 3 s, and tried again up to three times with full jitter.
 */
export const connect = (): DynamoDBDocumentClient => {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      maxAttempts: 4,
      requestHandler: { connectionTimeout: 3_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  flagUnknownOutcomes(client);
  return client;
};

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Failure, isOutcomeUnknown } from './failures.ts';

/** Marks what the last try of a call throws where an earlier one got no answer, which the SDK keeps to itself. */
const flagUnknownOutcomes = (client: DynamoDBDocumentClient): void =>
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (isOutcomeUnknown(error as Failure)) context.afterLostAnswer = true;
        else if (context.afterLostAnswer) (error as Failure).outcomeUnknown = true;
        throw error;
      }
    },
    // Inside the SDK's repetition: each try passes here.
    { step: 'finalizeRequest', priority: 'low', name: 'noteLostAnswers' },
  );

/**
 * The one client of a process; its connections are kept between requests. The SDK knows no time limit of its own: a
 * call that hangs is given up after 3 s and tried again, three more times at most, with full jitter.
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

import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** What happens to a call: it fails before DynamoDB gets it, or its response is lost after DynamoDB carried it out. */
export interface CallFault {
  moment: 'before' | 'after';
  error: () => Error;
  /** Runs after DynamoDB carried the call out, and before the caller learns of the failure. */
  meanwhile?: () => Promise<unknown>;
}

/** Chooses the fault of the next call, if it has one. */
type ChooseFault = () => CallFault | undefined;

/** It fits into any step of the SDK's middleware, whose types differ from step to step. */
const failing =
  (choose: ChooseFault) =>
  <Args, Output>(next: (args: Args) => Promise<Output>) =>
  async (args: Args): Promise<Output> => {
    const fault = choose();
    if (fault?.moment === 'before') throw fault.error();
    const response = await next(args);
    if (!fault) return response;
    await fault.meanwhile?.();
    throw fault.error();
  };

/** Makes tries of a client fail. The SDK sees the failure, and tries again. */
export const failTries = (client: DynamoDBDocumentClient, choose: ChooseFault): void =>
  client.middlewareStack.add(failing(choose), { step: 'deserialize', priority: 'high' });

/** Makes whole calls of a client fail. The SDK does not try them again, as if the process was killed. */
export const failCalls = (client: DynamoDBDocumentClient, choose: ChooseFault): void =>
  client.middlewareStack.add(failing(choose), { step: 'initialize', priority: 'high' });

/** Ends the connections of a client. The `destroy` of a document client does nothing. */
export const disconnect = (client: DynamoDBDocumentClient): void => client.config.requestHandler.destroy?.();

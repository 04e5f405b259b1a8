/** A server between the service and DynamoDB Local. */
export interface DynamoDbProxy {
  /** Starts to listen, and forwards calls to `target`. Returns the URL of the proxy. */
  start(target: string): Promise<string>;
  /** Ends all connections at once. */
  close(): void;
}

/** The operation that a call to DynamoDB names in its header, such as `Query`. */
export const operationOf = (headers: NodeJS.Dict<string | string[]>): string =>
  String(headers['x-amz-target']).split('.').at(-1) ?? '';

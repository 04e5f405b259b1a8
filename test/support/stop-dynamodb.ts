/** Jest runs this once, after all test files. */
export default async function stopDynamoDb(): Promise<void> {
  await globalThis.sharedDynamoDb.stop();
}

export default async function stopSharedEngine(): Promise<void> {
  await globalThis.sharedEngine.stop();
}

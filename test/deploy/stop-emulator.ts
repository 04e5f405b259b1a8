export default async function stopEmulatedAws(): Promise<void> {
  await globalThis.emulator.stop();
}

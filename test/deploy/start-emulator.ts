import { enterEnvironment } from '../../local/environment.ts';
import { type Emulator, startEmulator } from './emulator.ts';

declare global {
  var emulator: Emulator;
}

/** The tests, and what they start, inherit this process's environment: they speak to the emulated AWS alone. */
export default async function startEmulatedAws(): Promise<void> {
  globalThis.emulator = await startEmulator();
  enterEnvironment(globalThis.emulator.environment);
}

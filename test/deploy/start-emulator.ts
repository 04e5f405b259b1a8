import { enterEnvironment } from '../../local/environment.ts';
import { type Emulator, startEmulator } from './emulator.ts';

declare global {
  var emulator: Emulator;
}

/** The tests and the processes that they start inherit this environment, so they call only the emulated AWS. */
export default async function startEmulatedAws(): Promise<void> {
  globalThis.emulator = await startEmulator();
  enterEnvironment(globalThis.emulator.environment);
}

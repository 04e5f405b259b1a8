import { TestEnvironment } from 'jest-environment-node';

/**
 * A jest environment that shares `Error` with Node. Jest gives each test file its own globals, so its `Error` is not the
 * one of Node's network code. The SDK checks errors with `instanceof Error`, so tests with broken connections need this.
 */
export default class OneRealmEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    this.global.Error = Error;
  }
}

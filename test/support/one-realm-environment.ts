import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs each test file in a realm of its own, whose `Error` is not that of Node's network code. The SDK tells by
 * `instanceof Error` what it may pass on, so where a test is about broken connections there must be one `Error` only.
 */
export default class OneRealmEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    this.global.Error = Error;
  }
}

import { afterAll, beforeAll } from '@jest/globals';
import { type Service, type ServiceOptions, startService } from './service.ts';

export interface UsedService extends Service {
  /** A key of the namespaces in the options. Calls that name no key use it. */
  key: string;
}

/**
 * Starts the service before the tests of a file, and stops it after them.
 * @param options.namespaces the namespaces of a key that calls use by default. Without them, such calls have no key.
 * @param options.keyName the name of that key
 * @returns an object that is empty at first: use it inside hooks and tests only.
 */
export const useService = ({
  namespaces,
  keyName,
  ...options
}: ServiceOptions & { namespaces?: string[]; keyName?: string } = {}): UsedService => {
  const service = {} as UsedService;
  beforeAll(async () => {
    const started = await startService(options);
    Object.assign(service, started);
    if (!namespaces) return;
    const key = await started.newKey({ namespaces, ...(keyName !== undefined && { name: keyName }) });
    Object.assign(service, {
      key,
      call: (route, call) => started.call(route, { key, ...call }),
    } satisfies Partial<UsedService>);
  });
  afterAll(() => service.stop());
  return service;
};

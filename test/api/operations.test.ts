import { afterAll, beforeAll, describe } from '@jest/globals';
import { testOperations } from '../support/operations-suite.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('on one machine', () => testOperations(() => service));

import { describe } from '@jest/globals';
import { testOperations } from '../support/operations-suite.ts';
import { useService } from '../support/use-service.ts';

const service = useService();

describe('on one machine', () => testOperations(() => service));

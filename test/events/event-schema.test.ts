import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { describeEvents } from '../../lib/events/event-schema.ts';

const file = readFileSync(new URL('../../docs/events.schema.json', import.meta.url), 'utf8');

test('docs/events.schema.json equals the schema in the code (`npm run event-schema` generates the file)', () => {
  expect(file).toBe(`${JSON.stringify(describeEvents(), null, 2)}\n`);
});

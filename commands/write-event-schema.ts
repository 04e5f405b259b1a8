import { writeFileSync } from 'node:fs';
import { describeEvents } from '../lib/events/event-schema.ts';

const file = new URL('../docs/events.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(describeEvents(), null, 2)}\n`);

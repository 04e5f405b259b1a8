import { writeFileSync } from 'node:fs';
import { describeApi } from '../lib/openapi/api-description.ts';
import { clientTypes } from './client-types.ts';

const write = (file: string, text: string) => writeFileSync(new URL(`../${file}`, import.meta.url), text);

const description = describeApi();
write('docs/openapi.json', `${JSON.stringify(description, null, 2)}\n`);
write('client/types.ts', clientTypes(description));

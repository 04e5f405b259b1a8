import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { expectedEntries, readProjections } from '../support/projections.ts';
import { eventually } from '../support/eventually.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService(undefined, ['settle-directory']);
});
afterAll(() => service.stop());

test('what is written is settled soon after, fed by the stream as the row of the function says', async () => {
  const key = await service.newKey({ namespaces: ['acme'] });
  const { body } = await service.call('POST /client-channel', { key, body: { name: 'Retail' } });
  await eventually(async () =>
    expect(await readProjections(service, 'acme')).toEqual({
      marks: [],
      entries: expectedEntries('acme', { [body.data._id]: 'retail' }),
      blocks: [[allIds.first, 1]],
    }),
  );
});

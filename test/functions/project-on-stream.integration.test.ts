import { expect, test } from '@jest/globals';
import { allIds } from '../../lib/channels/id-range.ts';
import { eventually } from '../support/eventually.ts';
import { expectedEntries, readProjections } from '../support/projections.ts';
import { useService } from '../support/use-service.ts';

const service = useService({ namespaces: ['acme'], consumers: ['project-channels'] });

test('a new channel gets into the projections through the stream, as the manifest configures the consumer', async () => {
  const { body } = await service.call('POST /client-channel', { body: { name: 'Retail' } });

  await eventually(async () =>
    expect(await readProjections(service, 'acme')).toEqual({
      pendingChanges: [],
      suffixEntries: expectedEntries('acme', { [body.data._id]: 'retail' }),
      buckets: [[allIds.first, 1]],
    }),
  );
});

import { type Channel, putIfNewer } from './copy-consumer.ts';

interface Page {
  data: Channel[];
  pagination: { next_cursor?: string };
}

/**
 * Copies all the channels that a namespace has now. Run it once, after the rule is deployed and before the copy is used:
 * events may come at the same time, because the version decides. It also repairs a copy, except for deleted channels: see
 * the README.
 */
export const backfill = async (api: string, key: string, namespace: string): Promise<void> => {
  let query: string | undefined = 'per_page=100';
  while (query !== undefined) {
    const response = await fetch(`${api}/client-channel?${query}`, {
      headers: { 'api-key': key, 'x-company-namespace': namespace },
    });
    if (!response.ok) throw new Error(`The API answered ${response.status}: ${await response.text()}`);
    const { data, pagination }: Page = (await response.json()) as Page;
    for (const channel of data) await putIfNewer(namespace, channel._id, channel.__v, channel);
    const cursor: string | undefined = pagination.next_cursor;
    query = cursor && `per_page=100&cursor=${cursor}`;
  }
};

import { type Channel, keep } from './copy-consumer.ts';

interface Page {
  data: Channel[];
  pagination: { next_cursor?: string };
}

/**
 * Fills the copy with what a namespace holds now: once, after the rule is there and before the copy is used. Events may
 * come meanwhile; versions sort it out. It is the way to mend a copy too, save for what was deleted: see the README.
 */
export const fillCopy = async (api: string, key: string, namespace: string): Promise<void> => {
  let query: string | undefined = 'per_page=100';
  while (query !== undefined) {
    const response = await fetch(`${api}/client-channel?${query}`, {
      headers: { 'api-key': key, 'x-company-namespace': namespace },
    });
    if (!response.ok) throw new Error(`The API answered ${response.status}: ${await response.text()}`);
    const { data, pagination }: Page = (await response.json()) as Page;
    for (const channel of data) await keep(namespace, channel._id, channel.__v, channel);
    const cursor: string | undefined = pagination.next_cursor;
    query = cursor && `per_page=100&cursor=${cursor}`;
  }
};

import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';

/** How many channels all writers share. A deleted one is replaced. */
const slots = 5;

/** Everything that a write may be answered with while calls fail and others write to the same channels. */
const expected = [200, 201, 404, 409, 429, 503];

/**
 * Lets writers change the same few channels at once: they create, rename, describe, move and delete them. Whatever a write is answered, the
 * writer goes on.
 * @returns answers that no write may get
 */
export const runChangeWriters = async (
  service: Service,
  {
    key,
    namespaces,
    writers,
    count,
    random,
  }: { key: string; namespaces: string[]; writers: number; count: number; random: Random },
): Promise<string[]> => {
  const ids: (string | undefined)[] = Array.from({ length: slots }, () => undefined);
  const unexpected: string[] = [];
  let started = 0;

  const send = async (route: string, body?: object): Promise<Reply> => {
    const headers = { 'x-company-namespace': random.pick(namespaces) };
    const call: Call = { key, headers, ...(body && { body }) };
    const lost = (): Reply => ({ status: 503, headers: {}, body: {} });
    const reply = await service.call(route, call).catch(lost);
    if (!expected.includes(reply.status)) unexpected.push(`${route}: ${reply.status} ${reply.body?.error}`);
    return reply;
  };
  const someNamespaces = () => random.shuffle(namespaces).slice(0, random.pick([1, 1, 2, 3]));

  const create = async (slot: number) => {
    const body = { name: `new ${started}`, company_namespace: someNamespaces() };
    const { status, body: answer } = await send('POST /client-channel', body);
    if (status === 201) ids[slot] = answer.data._id;
  };
  const remove = async (slot: number, id: string) => {
    const { status } = await send(`DELETE /client-channel/${id}`);
    if (status === 200 && ids[slot] === id) ids[slot] = undefined;
  };
  const change = (id: string) => {
    const body = random.pick<() => object>([
      () => ({ name: `renamed ${started}` }),
      () => ({ integration_meta: { at: started } }),
      () => ({ integration_meta: { external_id: random.below(10) } }),
      () => ({ disabled: random.next() < 0.5 }),
      () => ({ company_namespace: someNamespaces() }),
    ])();
    return send(`PUT /client-channel/${id}`, body);
  };

  const write = async () => {
    while (started++ < count) {
      const slot = random.below(slots);
      const id = ids[slot];
      if (id === undefined) await create(slot);
      else if (random.next() < 0.1) await remove(slot, id);
      else await change(id);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return unexpected;
};

import { expect, test } from '@jest/globals';
import { ChannelsClient } from '../../client/index.ts';
import { keysCommand, start, useLocalServers } from '../support/local-server.ts';
import { type Reply, send } from '../support/service.ts';

useLocalServers();

const namespaces = ['left', 'right'];

test('a kill during 500 writes loses no confirmed write and leaves no half-written channel', async () => {
  const killed = start();
  const first = await killed.ready();
  const [key = ''] = (
    await keysCommand(
      'create',
      ...namespaces.flatMap((name) => ['--namespace', name]),
      '--scope',
      'read',
      '--scope',
      'write',
    )
  ).lines;

  const replies: Reply[] = [];
  const write = async (number: number) => {
    const body = { name: `n${number}`, disabled: number % 3 === 0, company_namespace: namespaces };
    const reply = await send(first.url, 'POST /client-channel', { key, body });
    replies.push(reply);
    if (replies.length === 200) killed.child.kill('SIGKILL');
  };
  const writers = Array.from({ length: 20 }, async (_, writer) => {
    for (let number = writer; number < 500; number += 20) await write(number);
  });
  const outcomes = await Promise.allSettled(writers);
  await killed.ended;
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);

  const restarted = start();
  const { url } = await restarted.ready();
  const copies = await Promise.all(
    namespaces.map(async (namespace) => {
      const client = new ChannelsClient({ url, key, namespace });
      const channels = new Map<string, object>();
      for await (const channel of client.all()) channels.set(channel._id, channel);
      const { pagination } = await client.list({ per_page: 1 });
      return { channels, total: pagination.total };
    }),
  );
  const [left, right] = copies;
  expect(left?.channels).toEqual(right?.channels);
  expect(copies.map(({ total }) => total)).toEqual(copies.map(({ channels }) => channels.size));
  for (const { status, body } of replies) {
    expect(status).toBe(201);
    expect(left?.channels.get(body.data._id)).toEqual(body.data);
  }
  restarted.ctrlC();
  expect(await restarted.ended).toEqual({ code: 0, errors: [] });
});

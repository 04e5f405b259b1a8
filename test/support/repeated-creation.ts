import type { Reply, Service } from './service.ts';

/** Sends one creation many times under one `Idempotency-Key`, some of them at once. Returns all replies. */
export const createRepeatedly = async (
  call: Service['call'],
  key: string,
  body: object,
  { idempotencyKey, times, atOnce }: { idempotencyKey: string; times: number; atOnce: number },
): Promise<Reply[]> => {
  const headers = { 'idempotency-key': idempotencyKey };
  const replies: Reply[] = [];
  while (replies.length < times)
    replies.push(
      ...(await Promise.all(
        Array.from({ length: atOnce }, () => call('POST /client-channel', { key, body, headers })),
      )),
    );
  return replies;
};

import { mapConcurrently } from '../../lib/map-concurrently.ts';
import type { Reply, Service } from './service.ts';

/** Sends one creation many times under one `Idempotency-Key`, some of them at once. Returns all replies. */
export const createRepeatedly = (
  call: Service['call'],
  key: string,
  body: object,
  { idempotencyKey, times, atOnce }: { idempotencyKey: string; times: number; atOnce: number },
): Promise<Reply[]> => {
  const headers = { 'idempotency-key': idempotencyKey };
  return mapConcurrently([...Array(times).keys()], atOnce, () =>
    call('POST /client-channel', { key, body, headers }),
  );
};

/** Everything that a simulation causes. A test checks that it happens. */
export const faults = [
  'a call gets no answer',
  'a call arrives after it was repeated',
  'a process crashes at a call',
  'a process stops for some time between two calls',
  'a reader crashes before it stores an answer',
  'a transaction becomes visible in part',
  'two transactions conflict',
  'the stream is late by more than a minute',
  'two sequencers number the same records at once',
  'records are numbered again later',
  'dead letters are replayed more than a day later',
  'records are lost, and new generations begin',
  'time to live removes an entry',
  'a cursor rests for more than 30 days, and still works',
  'a cursor expires because of its age',
  'a cursor expires because its secret is gone',
  'a cursor expires because of a new generation',
  'a restored backup has new projections',
  'a page ends before all its entries',
] as const;

export type Fault = (typeof faults)[number];

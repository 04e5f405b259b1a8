import { describe, expect, test } from '@jest/globals';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { judge } from './judge.ts';
import type { Action, Fields, Operation, Outcome } from './operation.ts';

// Histories that were made by hand: the judge must accept what the service promises, and notice everything else.

const fields = { name: 'Retail', company_namespace: ['a'] };
const documentOf = (__v: number, changes: Partial<ChannelDocument> = {}): ChannelDocument => ({
  _id: '0'.repeat(24),
  disabled: false,
  createdAt: '',
  updatedAt: '',
  ...fields,
  ...changes,
  __v,
});

const operation = (start: number, end: number, action: Action, outcome: Outcome): Operation => ({
  namespace: 'a',
  start,
  end,
  action,
  outcome,
});
const created = operation(0, 1, { kind: 'create', fields }, { document: documentOf(0) });
const read = (start: number, end: number, outcome: Outcome) =>
  operation(start, end, { kind: 'read' }, outcome);
const meta = (value: string) => ({ integration_meta: { value } });
/** An update of the metadata, which is in place. */
const update = (start: number, end: number, value: string, outcome: Outcome, ifMatch?: number[]) =>
  operation(start, end, { kind: 'update', patch: meta(value), ifMatch }, outcome);
const inTransaction = (start: number, end: number, patch: Partial<Fields>, outcome: Outcome) =>
  operation(start, end, { kind: 'update', patch, ifMatch: undefined }, outcome);
const remove = (start: number, end: number, outcome: Outcome) =>
  operation(start, end, { kind: 'delete', ifMatch: undefined }, outcome);
const restore = (start: number, end: number, outcome: Outcome) =>
  operation(start, end, { kind: 'restore' }, outcome);
const shows = (__v: number, value?: string): Outcome => ({
  document: documentOf(__v, value === undefined ? {} : meta(value)),
});
const showsFields = (__v: number, changes: Partial<ChannelDocument>): Outcome => ({
  document: documentOf(__v, changes),
});

describe('a history is right', () => {
  test.each<[string, Operation[]]>([
    ['if each operation sees the one before', [update(2, 3, 'x', shows(1, 'x')), read(4, 5, shows(1, 'x'))]],
    [
      'if two writers run at once, in either order',
      [update(2, 9, 'x', shows(2, 'x')), update(3, 8, 'y', shows(1, 'y')), read(10, 11, shows(2, 'x'))],
    ],
    ['if an update changes nothing', [update(2, 3, 'x', shows(1, 'x')), update(4, 5, 'x', shows(1, 'x'))]],
    ['if an unknown write was done', [update(2, 3, 'x', 'unknown'), read(4, 5, shows(1, 'x'))]],
    ['if an unknown write was not done', [update(2, 3, 'x', 'unknown'), read(4, 5, shows(0))]],
    [
      'if an unknown write was done later',
      [update(2, 3, 'x', 'unknown'), read(4, 5, shows(0)), read(6, 7, shows(1, 'x'))],
    ],
    ['if a refused write was not done', [update(2, 3, 'x', 'refused'), read(4, 5, shows(0))]],
    [
      'if an update in place shows the version that one other writer made of it',
      [update(2, 9, 'x', shows(2, 'y')), update(3, 4, 'y', shows(2, 'y'))],
    ],
    [
      'if only the version that the client knows is changed',
      [update(2, 9, 'x', shows(1, 'x'), [0]), update(3, 8, 'y', 'stale', [0])],
    ],
    ['if a channel is gone after its deletion', [remove(2, 3, shows(0)), read(4, 5, 'absent')]],
    [
      'if a deleted channel is back after its restore',
      [remove(2, 3, shows(0)), restore(4, 5, shows(2)), read(6, 7, shows(2)), remove(8, 9, shows(2))],
    ],
    [
      'if a restore of a channel that is there changes nothing',
      [restore(2, 3, shows(0)), read(4, 5, shows(0))],
    ],
    [
      'if two restores at once return the same version',
      [remove(2, 3, shows(0)), restore(4, 9, shows(2)), restore(5, 8, shows(2))],
    ],
    ['if a restore was refused', [remove(2, 3, shows(0)), restore(4, 5, 'refused'), read(6, 7, 'absent')]],
  ])('%s', (_, operations) => {
    expect(judge({ operations: [created, ...operations] })).toBeUndefined();
  });
});

describe('a history is wrong', () => {
  test.each<[string, Operation[], ReturnType<typeof judge>]>([
    ['if an update is lost', [update(2, 3, 'x', shows(1, 'x')), update(4, 5, 'y', shows(1, 'y'))], 'lost'],
    [
      'if two writers change the version that both know',
      [update(2, 9, 'x', shows(1, 'x'), [0]), update(3, 8, 'y', shows(2, 'y'), [0])],
      'lost',
    ],
    [
      'if a read shows an old version',
      [update(2, 3, 'x', shows(1, 'x')), read(4, 5, shows(0)), read(6, 7, shows(1, 'x'))],
      'foreign',
    ],
    [
      'if two reads show the versions in the wrong order',
      [
        update(2, 9, 'x', 'unknown'),
        read(3, 4, shows(1, 'x')),
        read(5, 6, shows(0)),
        read(7, 8, shows(1, 'x')),
      ],
      'foreign',
    ],
    [
      'if an update was done twice',
      [update(2, 9, 'x', shows(1, 'x')), update(3, 4, 'y', shows(2, 'y')), read(10, 11, shows(3, 'x'))],
      'twice',
    ],
    [
      'if an update shows a version that two other writers made of it',
      [update(2, 9, 'x', shows(3, 'z')), update(3, 4, 'y', shows(2, 'y')), update(5, 6, 'z', shows(3, 'z'))],
      'foreign',
    ],
    ...[{ name: 'x' }, { local_name: 'x' }].map((names): [string, Operation[], ReturnType<typeof judge>] => [
      `if an update in a transaction shows the version that one other writer made of it: ${JSON.stringify(names)}`,
      [
        inTransaction(2, 9, names, showsFields(2, { ...names, disabled: true })),
        inTransaction(3, 4, { disabled: true }, showsFields(2, { ...names, disabled: true })),
      ],
      'twice',
    ]),
    ['if 429 or 409 denies a write', [update(2, 3, 'x', 'refused'), read(4, 5, shows(1, 'x'))], 'denied'],
    ['if 412 denies a write', [update(2, 3, 'x', 'stale', [0]), read(4, 5, shows(1, 'x'))], 'denied'],
    ['if 404 denies a deletion', [remove(2, 3, 'absent'), read(4, 5, 'absent')], 'denied'],
    ['if a channel is there after its deletion', [remove(2, 3, shows(0)), read(4, 5, shows(0))], 'lost'],
    [
      'if 404 denies a restore',
      [remove(2, 3, shows(0)), restore(4, 5, 'absent'), read(6, 7, 'absent')],
      'denied',
    ],
    [
      'if 409 denies a restore',
      [remove(2, 3, shows(0)), restore(4, 5, 'refused'), read(6, 7, shows(2))],
      'denied',
    ],
    [
      'if a restored channel is gone',
      [remove(2, 3, shows(0)), restore(4, 5, shows(2)), read(6, 7, 'absent')],
      'twice',
    ],
    [
      'if a restore has the version of the deletion',
      [remove(2, 3, shows(0)), restore(4, 5, shows(1))],
      'lost',
    ],
    [
      'if a restore brings an older version back',
      [
        inTransaction(2, 3, { name: 'x' }, showsFields(1, { name: 'x' })),
        remove(4, 5, showsFields(1, { name: 'x' })),
        restore(6, 7, shows(3)),
      ],
      'lost',
    ],
    ['if a channel is missing in a list', [read(2, 3, 'absent'), read(4, 5, shows(0))], 'foreign'],
    ['if an answer shows what nobody wrote', [read(2, 3, shows(1, 'x'))], 'foreign'],
  ])('%s', (_, operations, fault) => {
    expect(judge({ operations: [created, ...operations] })).toBe(fault);
  });

  test('if an event shows a version that no operation made', () => {
    const versions = new Map([
      [0, { disabled: false, ...fields, __v: 0 }],
      [1, { disabled: false, ...fields, ...meta('x'), __v: 1 }],
    ]);
    expect(judge({ operations: [created, read(2, 3, shows(0))], versions })).toBe('foreign');
    expect(judge({ operations: [created, update(2, 3, 'x', 'refused')], versions })).toBe('denied');
    expect(judge({ operations: [created, update(2, 3, 'x', 'unknown')], versions })).toBeUndefined();
  });

  test('if nobody can tell within the steps that the search may take', () => {
    const writers = Array.from({ length: 12 }, (_, index) => update(2, 99, `${index}`, 'unknown'));
    const operations = [created, ...writers, read(3, 4, shows(9, 'no writer'))];
    expect(judge({ operations, maxSteps: 1_000 })).toBe('unchecked');
  });
});

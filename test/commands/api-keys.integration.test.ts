import { describe, expect, test } from '@jest/globals';
import { parseApiKey } from '../../lib/auth/api-key.ts';
import { keysCommand, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

const longestName = `SAP موصل ${'x'.repeat(91)}`;

describe('npm run keys', () => {
  test('creates, lists and revokes keys of the running local server', async () => {
    const server = start(['--in-memory']);
    const { url } = await server.ready();

    const created = await keysCommand(
      ...['create', '--namespace', 'acme', '--namespace', 'other', '--scope', 'read', '--scope', 'write'],
      ...['--expires', '90d', '--name', longestName],
    );
    const [key = ''] = created.lines;
    const id = parseApiKey(key)?.id as string;
    expect(created).toEqual({ code: 0, lines: [expect.stringMatching(/^cck_local_/)], errors: [] });
    const response = await send(url, 'POST /client-channel', { key, body: { name: 'x' } });
    expect(response.body.data.company_namespace).toEqual(['acme']);

    const row = `${id}  …${key.slice(-13, -9)}  ${longestName}  acme,other  channels:read,channels:write`;
    const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d';
    const listed = await keysCommand('list');
    expect(listed.lines).toHaveLength(2);
    expect(listed.lines[0]).toMatch(/^[0-9a-f]{16} {2}…[0-9a-f]{4} {2}- {2}company1 {2}/);
    expect(listed.lines[1]).toMatch(new RegExp(`^${row}  created ${time}  valid until ${time}$`));

    for (const namespace of ['acme', 'other'])
      expect(await keysCommand('list', '--namespace', namespace)).toEqual({
        code: 0,
        lines: [listed.lines[1]],
        errors: [],
      });
    expect((await keysCommand('list', '--namespace', 'nobody', '--namespace', 'none')).lines).toEqual([
      'No key holds the namespace nobody or none.',
    ]);

    expect(await keysCommand('revoke', id)).toEqual({
      code: 0,
      lines: [`Revoked ${id}. Functions that know it may accept it for another minute.`],
      errors: [],
    });
    expect((await keysCommand('list')).lines[1]).toMatch(
      new RegExp(`^${row}  created ${time}  revoked ${time}$`),
    );
    expect(await keysCommand('revoke', 'nobody')).toMatchObject({
      code: 1,
      errors: ['There is no key "nobody".'],
    });

    server.ctrlC();
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(await keysCommand('list')).toEqual({
      code: 1,
      lines: [],
      errors: ['No local server is running: start one with "npm start", or name an --environment.'],
    });
  });

  test.each([
    [['create', '--scope', 'admin', '--namespace', 'a'], '--scope is "read" or "write", not "admin".'],
    [
      ['create', '--scope', 'read', '--namespace', 'a b'],
      '--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "a b".',
    ],
    [['create', '--scope', 'read'], 'Name at least one --namespace.'],
    [['create', '--namespace', 'a'], 'Name at least one --scope: read, write.'],
    [
      ['create', '--namespace', 'a', '--scope', 'read', '--expires', 'soon'],
      '--expires is a number of days or hours, as "90d" or "12h", not "soon".',
    ],
    ...['', 'a'.repeat(101), 'a  b', ' a', 'a\nb', 'a\u001b[31m', 'a\u202eb'].map(
      (name): [string[], string] => [
        ['create', '--namespace', 'a', '--scope', 'read', '--name', name],
        `--name is 1 to 100 printable characters, with single spaces between words, not ${JSON.stringify(name)}.`,
      ],
    ),
    [['list', '--namespace', 'a b'], '--namespace is 1 to 64 of A-Z a-z 0-9 _ . -, not "a b".'],
    [['list', '--scope', 'read'], 'list has no option --scope.'],
    [['revoke', '0123456789abcdef', '--namespace', 'a'], 'revoke has no option --namespace.'],
    [['revoke'], 'Which key? `keys -- list` shows their ids.'],
    [['list', '--environment', 'nope'], 'There is no environment "nope": dev, staging, prod.'],
    [['list', 'dev'], 'Unexpected argument "dev": options follow a "--", as in npm run -s keys -- list.'],
    [
      ['revoke', '0123456789abcdef', 'dev'],
      'Unexpected argument "dev": options follow a "--", as in npm run -s keys -- list.',
    ],
    [['list', '--namspace', 'a'], 'There is no option --namspace.'],
    [['list', '--namespace'], 'The option --namespace needs a value.'],
    [['create', '--namespace', '--scope', 'read'], 'The option --namespace needs a value.'],
    [['destroy'], 'Usage:'],
    [[], 'Usage:'],
  ])('refuses %j, and the first line says why', async (args, line) => {
    const { code, lines, errors } = await keysCommand(...args);
    expect([code, lines, errors[0]]).toEqual([1, [], line]);
  });
});

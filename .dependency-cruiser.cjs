/** Which module may import which. Each rule is written once, and `npm run lint` checks it. */

/** Forbids imports from files that match `from` (and not `except`) to files that match `to` (and not `allowed`). */
const forbid = (name, comment, { from, except, to, allowed }) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...(except && { pathNot: except }) },
  to: { path: to, ...(allowed && { pathNot: allowed }) },
});

module.exports = {
  forbidden: [
    forbid('lib-has-no-users', 'lib must not import from the folders that use it.', {
      from: '^lib/',
      to: '^(functions|infra|local|commands|client|bench|examples)/',
    }),
    forbid('aws-in-two-places', 'Only lib/dynamodb and lib/events/bus.ts call AWS.', {
      from: '^(lib|functions)/',
      except: ['^lib/dynamodb/', '^lib/events/bus\\.ts$'],
      to: ['@aws-sdk/', '@smithy/'],
    }),
    forbid('dynamodb-is-neutral', 'lib/dynamodb must not know what is stored, or what a client sees.', {
      from: '^lib/dynamodb/',
      to: '^lib/',
      allowed: '^lib/dynamodb/',
    }),
    forbid('bus-is-neutral', 'lib/events/bus.ts must not know what is published.', {
      from: '^lib/events/bus\\.ts$',
      to: '^lib/',
    }),
    forbid('pure-rules', 'Rules, schemas and plans are pure: they must not use tables or HTTP.', {
      from: [
        '^lib/channels/(change-rules|body-schema|document-schema)\\.ts$',
        '^lib/events/event-schema\\.ts$',
        '^lib/lists/(plan|query)/',
      ],
      to: ['@aws-sdk/', '^lib/dynamodb/', '^lib/http/'],
    }),
    forbid(
      'channels-come-first',
      'The channels must not know what is derived from them, or how they are read.',
      {
        from: '^lib/channels/',
        to: '^lib/(projections|lists|reindex|events|http|openapi)/',
      },
    ),
    forbid('history-comes-from-events', 'The history knows the channels and their events only.', {
      from: '^lib/history/',
      to: '^lib/(projections|reindex|http|openapi|changes)/',
    }),
    forbid('projections-know-channels-only', 'The projections must not know who reads them.', {
      from: '^lib/projections/',
      to: '^lib/(lists|reindex|events|http|openapi)/',
    }),
    forbid('lists-know-no-http', 'Lists must not know how they are asked for over HTTP.', {
      from: '^lib/lists/',
      to: '^lib/(reindex|events|http|openapi)/',
    }),
    forbid('functions-run-anywhere', 'A function must not know how it is deployed or run.', {
      from: '^functions/',
      to: '^(infra|local|commands|bench|examples)/',
    }),
    forbid('infra-reads-the-manifest', 'infra names handlers by path, and reads only the manifest of lib.', {
      from: '^infra/',
      to: '^(functions|local|commands|bench|examples|lib)/',
      allowed: '^lib/manifest/',
    }),
    forbid(
      'local-knows-no-deployment',
      'The local server must not use the deployment. It names handlers by path.',
      {
        from: '^local/',
        to: '^(functions|infra|commands|bench|examples)/',
      },
    ),
    forbid(
      'commands-need-no-local-server',
      'A command that acts on a deployed environment must not need local/.',
      {
        from: '^commands/',
        except: '^commands/target\\.ts$',
        to: '^local/',
      },
    ),
    forbid('client-stands-alone', 'The client knows the API only by its description.', {
      from: '^client/',
      to: '^(lib|functions|infra|local|commands|bench|examples)/',
    }),
    forbid(
      'client-runs-in-browsers',
      'The library part of the client must not use Node.js, or packages, or the command line.',
      {
        from: '^client/[^/]+\\.ts$',
        to: '.',
        // The rule above forbids the other folders.
        allowed: ['^client/[^/]+\\.ts$', '^(lib|functions|infra|local|commands|bench|examples)/'],
      },
    ),
    forbid('examples-use-the-client', 'An example knows the API only by the client.', {
      from: '^examples/',
      to: '^(lib|functions|infra|local|commands|bench)/',
    }),
    forbid('tests-stay-outside', 'Only tests import from test/.', {
      from: '^(bench|client|commands|examples|functions|infra|lib|local)/',
      to: '^test/',
    }),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};

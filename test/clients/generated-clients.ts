import { type Command, folder, generatorJar, python } from './tools.ts';

/** How a client is generated, compiled and run. Commands run in the folder of the client. */
export interface GeneratedClient {
  name: string;
  generate: Command;
  /** The files of this folder that use the client, and where they are copied to. */
  programs: Record<string, string>;
  compile: Command[];
  run: Command;
}

const description = '../openapi.json';
const noTests = 'apiTests=false,modelTests=false,apiDocs=false,modelDocs=false';

const openApiGenerator = (generator: string, ...options: string[]): Command => [
  ...(['java', '-jar', generatorJar, 'generate', '-i', description, '-o', '.', '-g', generator] as const),
  ...['--global-property', noTests, ...options],
];

const javaClient = (library: string): GeneratedClient => ({
  name: `java-${library}`,
  // Without `containerDefaultToNull`, an update of the name also sends empty namespaces and metadata.
  generate: openApiGenerator(
    'java',
    ...['--library', library, '--additional-properties', 'containerDefaultToNull=true'],
  ),
  programs: {
    'java/Connector.java': 'src/main/java/Connector.java',
    [`java/${library}/Setup.java`]: 'src/main/java/Setup.java',
  },
  compile: [['mvn', '-q', '-B', 'compile', 'dependency:copy-dependencies', '-DoutputDirectory=target/lib']],
  run: ['java', '-cp', 'target/classes:target/lib/*', 'Connector'],
});

/** All clients that are tested. */
export const generatedClients: GeneratedClient[] = [
  javaClient('native'),
  javaClient('okhttp-gson'),
  {
    name: 'go',
    generate: openApiGenerator('go', '--git-user-id', 'generated', '--git-repo-id', 'channels'),
    programs: { 'go/main.go': 'connector/main.go' },
    compile: [
      ['go', 'vet', './...'],
      ['go', 'build', '-o', 'connector/connector', './connector'],
    ],
    run: ['connector/connector'],
  },
  {
    name: 'python',
    generate: openApiGenerator('python'),
    programs: { 'python/main.py': 'main.py' },
    compile: [[python, '-m', 'compileall', '-q', '.']],
    run: [python, 'main.py'],
  },
  {
    name: 'typescript-axios',
    generate: openApiGenerator('typescript-axios'),
    programs: { 'typescript-axios/main.mts': 'main.mts', 'typescript-axios/tsconfig.json': 'tsconfig.json' },
    compile: [
      ['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--prefix', '.', 'axios@1.21.1'],
      ['node', `${folder}/../node_modules/typescript/bin/tsc`],
    ],
    run: ['node', '--import', 'tsx', 'main.mts'],
  },
  {
    name: 'openapi-python-client',
    generate: [
      ...([`${folder}/venv/bin/openapi-python-client`, 'generate', '--path', description] as const),
      ...['--meta', 'none', '--output-path', 'channels_client', '--overwrite', '--fail-on-warning'],
      ...['--config', '../../test/clients/openapi-python-client/config.yml'],
    ],
    programs: { 'openapi-python-client/main.py': 'main.py' },
    compile: [[python, '-m', 'compileall', '-q', '.']],
    run: [python, 'main.py'],
  },
];

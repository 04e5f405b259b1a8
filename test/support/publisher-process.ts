import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DynamoDBRecord } from 'aws-lambda';
import { bundle } from '../../infra/bundle.ts';

const program = `
  const { handler } = require(process.argv[1]);
  process.on('message', async (Records) => {
    const context = { getRemainingTimeInMillis: () => 60_000 };
    try {
      process.send({ answer: await handler({ Records }, context) });
    } catch (error) {
      process.send({ error: error.message });
    }
  });
`;

/** The deployed bundle of the publisher, in a process that a test can kill. The next invocation starts a new process. */
export class PublisherProcess {
  kills = 0;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  /** @param environment is added to the environment of this process */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  async invoke(records: DynamoDBRecord[]): Promise<unknown> {
    this.#child ??= spawn(
      process.execPath,
      ['-e', program, `${bundle('functions/publish-events.ts').folder}/index.js`],
      {
        // Inside jest, `process.env` is a copy: child processes do not inherit it.
        env: { ...process.env, ...this.#environment },
        stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
      },
    );
    const child = this.#child;
    const answered = new AbortController();
    const ended = once(child, 'exit', answered).then(([code]) => {
      throw new Error(code === null ? 'The publisher was killed' : `The publisher ended with ${code}`);
    });
    child.send(records);
    const [reply] = (await Promise.race([once(child, 'message'), ended])) as [
      { answer?: unknown; error?: string },
    ];
    answered.abort();
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.answer;
  }

  kill(): void {
    this.kills++;
    this.stop();
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

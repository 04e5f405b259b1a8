import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { withFile } from './file-error.ts';

/** The file that a link names is replaced, and not the link. A device or a pipe can't be replaced by a file. */
const targetOf = (path: string): string => {
  if (!existsSync(path)) return path;
  const stat = statSync(path);
  if (stat.isDirectory()) throw new Error('it is a folder');
  if (!stat.isFile()) throw new Error('it is no regular file');
  return realpathSync(path);
};

/** Who may read a file, which may hold what others must not see. Undefined if there is no file. */
const modeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mode;

/**
 * Writes a file all at once: until everything is written, it has another name. It is opened before the first piece is made. A
 * file that is replaced keeps its permissions.
 * @throws CommandError if the file can't be written
 */
export const writeFileAtOnce = async (path: string, pieces: AsyncIterable<string>): Promise<void> => {
  const write = <Result>(run: () => Result): Result => withFile(path, 'written', run);
  const target = write(() => targetOf(path));
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const descriptor = write(() => openSync(temporary, 'wx', modeOf(target)));
  try {
    try {
      for await (const piece of pieces) write(() => writeFileSync(descriptor, piece));
    } finally {
      closeSync(descriptor);
    }
    write(() => renameSync(temporary, target));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};

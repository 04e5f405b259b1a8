import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** The text of a file, or undefined if there is no file. */
export const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/**
 * The file that reserves the right to replace one content of a lock file. Its name contains a hash of that content, so
 * only one process can replace it.
 */
export const takeoverFile = (file: string, text: string | undefined): string => {
  const hash = createHash('sha256')
    .update(text ?? '')
    .digest('hex');
  return `${file}.${hash.slice(0, 16)}`;
};

/** Creates a hard link, which is atomic. Returns false if the link exists already. */
const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/**
 * Replaces the content of a lock file. If several processes saw the same content, only one of them succeeds.
 *
 * The old file must not be deleted first: a slow process could then delete the lock that a faster process has just
 * written. Instead, each process tries to create the takeover file of the content that it saw. Only one can. The
 * process that succeeds then checks that the lock file is unchanged. If the process that wrote a takeover file was
 * killed, the next process creates the takeover file of that content, and so on.
 * @param seen the content that the caller saw, or undefined if there was no file
 * @param text the new content, which identifies this process
 * @param isAlive tells whether the process that wrote a content is alive
 * @returns false if another process was faster
 */
export const acquireLock = (
  file: string,
  seen: string | undefined,
  text: string,
  isAlive: (text: string) => boolean,
): boolean => {
  const ownFile = `${file}.${process.pid}`;
  const takeoverFiles = [takeoverFile(file, seen)];
  writeFileSync(ownFile, text);
  try {
    while (!tryLink(ownFile, takeoverFiles.at(-1) as string)) {
      const rival = readText(takeoverFiles.at(-1) as string);
      if (rival === undefined || isAlive(rival)) return false;
      takeoverFiles.push(takeoverFile(file, rival));
    }
    const isUnchanged = readText(file) === seen;
    if (isUnchanged) renameSync(ownFile, file);
    for (const takeover of isUnchanged ? takeoverFiles : takeoverFiles.slice(-1))
      rmSync(takeover, { force: true });
    return isUnchanged;
  } finally {
    rmSync(ownFile, { force: true });
  }
};

import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** A file's text, or undefined where there is none. */
export const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Where the one that takes over from the writer of this text puts itself down, before it replaces the text. */
export const takeoverFile = (file: string, text: string | undefined): string =>
  `${file}.${createHash('sha256')
    .update(text ?? '')
    .digest('hex')
    .slice(0, 16)}`;

/** A link is made whole or not at all, and only where there is none yet. */
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
 * Replaces what a file holds, for one of all processes that saw it hold that. Removing it first would not do: one that
 * is slow would remove what a quicker one has put there since. Instead each links itself as the successor of what it
 * saw, which one alone can, and then looks whether the file still holds it. A successor that was killed before it was done is
 * succeeded in turn.
 * @param seen what the file was seen to hold; undefined where there was no file
 * @param isAlive whether the writer of a text lives
 * @returns false where another was quicker
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
    for (const takeover of isUnchanged ? takeoverFiles : takeoverFiles.slice(-1)) rmSync(takeover, { force: true });
    return isUnchanged;
  } finally {
    rmSync(ownFile, { force: true });
  }
};

import { wrong } from '../command-error.ts';

/** What people can do something about. */
const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EFBIG: 'it would be too large',
};

/** @param error an error of the file system */
export const reasonOf = ({ code = '', message }: NodeJS.ErrnoException): string => reasons[code] ?? message;

/** Uses a file. @throws CommandError that names its path and says why this fails */
export const withFile = <Result>(path: string, use: 'read' | 'written', run: () => Result): Result => {
  try {
    return run();
  } catch (error) {
    throw wrong(`The file ${path} can't be ${use}: ${reasonOf(error as Error)}.`);
  }
};

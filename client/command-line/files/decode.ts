import { wrongLine } from '../command-error.ts';

/** The text of a file. @throws CommandError that names the first line that is not UTF-8 */
export const decode = (content: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    let line = 1;
    for (let start = 0; ; line++) {
      const end = content.indexOf(0x0a, start);
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(start, end < 0 ? undefined : end));
      } catch {
        throw wrongLine(line, 'The text is not UTF-8. In a spreadsheet, save the file as "CSV UTF-8".');
      }
      start = end + 1;
    }
  }
};

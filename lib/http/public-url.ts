import { readPublicUrlConfig } from '../config.ts';

const publicUrl = readPublicUrlConfig().PUBLIC_URL?.replace(/\/$/, '');

/** The absolute URL of a path of the API. If the environment does not name its public address: `relative`. */
export const urlOf = (path: string, relative: string): string =>
  publicUrl === undefined ? relative : publicUrl + path;

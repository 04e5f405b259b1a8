import type { RawParameter } from './raw-parameters.ts';

/** Makes one value of all parameters of a name, or refuses them; `undefined` where there is none. */
export type Parser<Value> = (given: RawParameters, refuse: AddIssue) => Value | undefined;

export type RawParameters = [RawParameter, ...RawParameter[]];

/** Puts down one thing that is wrong. Reading goes on, so that a client learns of everything at once. */
export type AddIssue = (path: string, message: string) => undefined;

/** How many values or conditions a filter takes, as far as they fit the request. */
export const maxValues = 100;

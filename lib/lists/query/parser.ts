import type { Parameter } from './raw-parameters.ts';

/** Makes one value of all parameters of a name, or refuses them; `undefined` where there is none. */
export type Reader<Value> = (given: SameName, refuse: Refuse) => Value | undefined;

export type SameName = [Parameter, ...Parameter[]];

/** Puts down one thing that is wrong. Reading goes on, so that a client learns of everything at once. */
export type Refuse = (path: string, message: string) => undefined;

/** How many values or conditions a filter takes, as far as they fit the request. */
export const mostValues = 100;

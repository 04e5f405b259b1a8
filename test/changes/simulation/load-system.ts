import * as crypto from 'node:crypto';
import * as events from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as clientDynamodb from '@aws-sdk/client-dynamodb';
import * as libDynamodb from '@aws-sdk/lib-dynamodb';
import * as utilDynamodb from '@aws-sdk/util-dynamodb';
import { build } from 'esbuild';
import type * as System from './system.ts';

/** Replaces a text of a source file. The text must be there exactly once. */
export interface Replacement {
  /** Relative to the root of the project. */
  file: string;
  find: string;
  replace: string;
}

/** Small limits, so that a few small channels reach them. */
const limits: Replacement[] = [
  { file: 'lib/response-size.ts', find: '5 * 1024 * 1024', replace: '1_500' },
  {
    file: 'lib/projections/change-log/number-changes.ts',
    find: 'maxEntries = maxTransactionItems - 1',
    replace: 'maxEntries = 4',
  },
];

const root = fileURLToPath(new URL('../../../', import.meta.url));

const replaceOnce = (text: string, { file, find, replace }: Replacement): string => {
  const [before, after, ...others] = text.split(find);
  if (before === undefined || after === undefined || others.length)
    throw new Error(`${file} must contain this text exactly once: ${find}`);
  return before + replace + after;
};

/**
 * Bundles the production code, and replaces some texts of it before.
 * @throws Error if a file that a replacement names is not part of the code, or does not contain the text exactly once
 */
const bundle = async (replacements: Replacement[]): Promise<string> => {
  const waiting = new Set(replacements);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./system.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [
      {
        name: 'replace-texts',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const here = [...waiting].filter(({ file }) => path === root + file);
            for (const replacement of here) waiting.delete(replacement);
            const text = await readFile(path, 'utf8');
            return { contents: here.reduce(replaceOnce, text), loader: 'ts' };
          }),
      },
    ],
  });
  const [missing] = waiting;
  if (missing) throw new Error(`${missing.file} is not part of the code`);
  return outputFiles[0]?.text as string;
};

/** The production code, and what it gets from outside: its pauses and its random numbers. */
export interface LoadedSystem {
  system: typeof System;
  outside: {
    pause: (milliseconds: number) => Promise<void>;
    random: () => number;
  };
}

const notRunning = () => {
  throw new Error('No simulation runs.');
};

/**
 * Loads the production code, with pauses and random numbers that a simulation provides.
 * @param replacements change it, for example remove a guard
 */
export const loadSystem = async (replacements: Replacement[] = []): Promise<LoadedSystem> => {
  const text = await bundle([...limits, ...replacements]);
  const outside: LoadedSystem['outside'] = { pause: notRunning, random: notRunning };
  const modules: Record<string, unknown> = {
    'node:crypto': crypto,
    'node:events': events,
    'node:timers/promises': { setTimeout: (milliseconds: number) => outside.pause(milliseconds) },
    '@aws-sdk/client-dynamodb': clientDynamodb,
    '@aws-sdk/lib-dynamodb': libDynamodb,
    '@aws-sdk/util-dynamodb': utilDynamodb,
  };
  const load = (name: string): unknown => {
    const loaded = modules[name];
    if (!loaded) throw new Error(`The simulation does not provide ${name}`);
    return loaded;
  };
  const math = Object.create(Math, { random: { value: () => outside.random() } });
  const module = { exports: {} };
  new Function('require', 'module', 'Math', text)(load, module, math);
  return { system: module.exports as typeof System, outside };
};

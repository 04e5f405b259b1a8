import { operations, routesOf } from '../lib/manifest/operations.ts';
import type { Route } from './gateway-routes.ts';

/**
 * Imports a function's file and returns its handler. A function reads its environment when it is imported, so the
 * environment must be complete before. Load several functions one after the other.
 * @param file path from the project's root
 * @throws Error if the file exports no `handler`.
 */
export const loadHandler = async <Handler>(file: string): Promise<Handler> => {
  const { handler }: { handler?: Handler } = await import(`../${file}`);
  if (typeof handler !== 'function') throw new Error(`${file} exports no handler`);
  return handler;
};

/**
 * Loads the functions of all operations. Returns one route per method and path.
 * @throws Error if a function's file exports no `handler`.
 */
export const loadRoutes = async (): Promise<Route[]> => {
  const routes: Route[] = [];
  for (const operation of operations) {
    const invoke = await loadHandler<Route['invoke']>(operation.handler);
    for (const { path, methods } of routesOf(operation))
      routes.push(...methods.map((method): Route => ({ method, path, name: operation.name, invoke })));
  }
  return routes;
};

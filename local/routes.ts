import { operations } from '../lib/manifest/operations.ts';
import type { Route } from './gateway-routes.ts';
import { loadHandler } from './load-handler.ts';

/**
 * Loads the functions of all operations, one route a method. They read their environment while they load, so that has
 * to be complete before.
 * @throws Error where a function's file exports no `handler`.
 */
export const loadRoutes = async (): Promise<Route[]> => {
  const routes: Route[] = [];
  for (const { name, methods, path, handler } of operations) {
    const invoke = await loadHandler<Route['invoke']>(handler);
    routes.push(...methods.map((method): Route => ({ method, path, name, invoke })));
  }
  return routes;
};

import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { GatewayResponse } from './gateway-response.ts';

/** A route of the HTTP API, and the function behind it. */
export interface Route {
  method: string;
  /** As API Gateway writes it: `{id}` stands for one segment that is not empty. */
  path: string;
  invoke(event: APIGatewayProxyEventV2, context: Context): unknown;
  /** The function's name; by default the route's key. */
  name?: string;
}

/** What the gateway answers by itself, without a function: there is such a thing on one machine only. */
export interface BuiltInRoute {
  method: string;
  path: string;
  respond(): GatewayResponse;
}

export interface RouteMatch {
  route: Route | BuiltInRoute;
  /** Decoded; absent where the route has none. */
  pathParameters: Record<string, string> | undefined;
}

const parameterIn = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1];

/** The path's parameters as they were sent, or undefined where the path is not the route's. */
const matchPath = (pattern: string, path: string): [string, string][] | undefined => {
  const patternSegments = pattern.split('/');
  const pathSegments = path.split('/');
  if (patternSegments.length !== pathSegments.length) return undefined;
  const parameters: [string, string][] = [];
  for (const [index, segment] of patternSegments.entries()) {
    const value = pathSegments[index] as string;
    const name = parameterIn(segment);
    if (name === undefined) {
      if (segment !== decodeURIComponent(value)) return undefined;
    } else {
      if (value === '') return undefined;
      parameters.push([name, decodeURIComponent(value)]);
    }
  }
  return parameters;
};

/**
 * Finds the route for a request's method and raw path; a route without parameters goes before one with.
 * @throws URIError where the path's percent-encoding is malformed.
 */
export const findRoute = (
  routes: readonly (Route | BuiltInRoute)[],
  method: string,
  path: string,
): RouteMatch | undefined => {
  decodeURIComponent(path);
  let best: RouteMatch | undefined;
  for (const route of routes) {
    if (route.method !== method) continue;
    const parameters = matchPath(route.path, path);
    if (parameters === undefined) continue;
    if (parameters.length === 0) return { route, pathParameters: undefined };
    best ??= { route, pathParameters: Object.fromEntries(parameters) };
  }
  return best;
};

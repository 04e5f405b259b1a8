import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { GatewayResponse } from './gateway-response.ts';

/** A route of the HTTP API, and its function. */
export interface Route {
  method: string;
  /** In API Gateway's notation: `{id}` matches one segment that is not empty. */
  path: string;
  invoke(event: APIGatewayProxyEventV2, context: Context): unknown;
  /** The name of the function. Default: the route key. */
  name?: string;
}

/** A route that the local gateway answers itself, without a function. AWS has no such routes. */
export interface BuiltInRoute {
  method: string;
  path: string;
  respond(): GatewayResponse;
}

export interface RouteMatch {
  route: Route | BuiltInRoute;
  /** Decoded. Undefined if the route has no parameters. */
  pathParameters: Record<string, string> | undefined;
}

const parameterIn = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1];

/** The decoded parameters of a path, or undefined if the path does not match the pattern. */
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
 * Finds the route for the method and raw path of a request. A route without parameters wins over one with parameters.
 * @throws URIError if the percent-encoding of the path is malformed.
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

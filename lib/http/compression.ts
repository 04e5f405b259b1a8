import { gzipSync } from 'node:zlib';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** A smaller response fits into one network packet, so that compression would gain nothing. */
const minBytes = 1_024;

/** The weight of each content coding in `Accept-Encoding`, by its name in lower case. */
const codingWeights = (acceptEncoding: string): Map<string, number> =>
  new Map(
    acceptEncoding
      .toLowerCase()
      .split(',')
      .map((item) => {
        const [coding = '', ...parameters] = item.split(';').map((part) => part.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [coding, weight === undefined ? 1 : Number(weight.slice(2))];
      }),
  );

/** Whether a client accepts gzip (RFC 9110, section 12.5.3): by its name, or else by `*`, with a weight above 0. */
export const acceptsGzip = (acceptEncoding = ''): boolean => {
  const weights = codingWeights(acceptEncoding);
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
};

/**
 * Compresses a response of at least 1 KB (UTF-8) with gzip if the client accepts it. Lambda takes binary bodies in base64.
 * The ETag stays the same: it names the version of a channel, and clients send it back in `If-Match`.
 * @param acceptEncoding the request header `Accept-Encoding`
 */
export const compress = (
  response: APIGatewayProxyStructuredResultV2,
  acceptEncoding: string | undefined,
): APIGatewayProxyStructuredResultV2 => {
  const { headers, body = '', isBase64Encoded } = response;
  if (isBase64Encoded || Buffer.byteLength(body) < minBytes || !acceptsGzip(acceptEncoding)) return response;
  return {
    ...response,
    headers: { ...headers, 'Content-Encoding': 'gzip' },
    body: gzipSync(body).toString('base64'),
    isBase64Encoded: true,
  };
};

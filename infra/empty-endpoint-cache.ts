/**
 * Takes the place of `@aws-sdk/endpoint-cache` in deployed bundles. The client of DynamoDB makes one and none of its
 * commands looks into it: endpoints are discovered for other services alone. The real one brings a data structure library
 * of 7 KB.
 */
export class EndpointCache {}

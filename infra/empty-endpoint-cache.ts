/**
 * Replaces `@aws-sdk/endpoint-cache` in deployed bundles. The DynamoDB client creates a cache but none of its commands
 * reads it, because only other services discover endpoints. The original brings a library of 7 KB.
 */
export class EndpointCache {}

/**
 * Replaces `@aws-sdk/credential-provider-node` in deployed bundles. Lambda passes the credentials of a function's role as
 * environment variables, and replaces the process before they expire. The SDK's own provider also supports files, SSO and
 * instance metadata. These are a third of the bundle and never apply in Lambda.
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new Error('The environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set.');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
};

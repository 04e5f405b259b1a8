/** The format of a company namespace, for channels and API keys (the contract of the API). */
export const namespaceFormat = /^[A-Za-z0-9_.-]{1,64}$/;

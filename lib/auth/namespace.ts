/** What a company namespace may be called: the form of the wire contract, for channels and keys alike. */
export const namespaceFormat = /^[A-Za-z0-9_.-]{1,64}$/;

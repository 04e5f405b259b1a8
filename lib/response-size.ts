/**
 * The maximum bytes of the data in one response. Lambda accepts responses of up to 6 MB, encoded as JSON once more (Lambda
 * quotas). The rest is for the other parts of the response.
 */
export const maxDataBytes = 5 * 1024 * 1024;

/** The bytes that a value takes in a response, as Lambda encodes it. */
export const encodedBytes = (value: object): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(value)));

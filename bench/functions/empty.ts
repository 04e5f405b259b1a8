/** Does nothing: its start is the part that every function has. */
export const handler = async () => ({ statusCode: 200 });

/** What any function costs, whatever it does. */
export const handler = async () => ({ statusCode: 200 });

/** The part of the introduction, in Markdown, for people who generate a client from the description. */
export const generatedClients = `
## Generated clients

OpenAPI Generator (Java, Go, Python, TypeScript and others) and openapi-python-client make clients from this description. The
file \`docs/generated-clients.md\` of the service says which were tried.

- **Java needs the option \`containerDefaultToNull=true\`.** Without it, an update of the name also sends empty metadata, and wipes
  those of the channel.
- Never pass an empty list as a filter. Most clients then send no filter, and the list has every channel.
- \`sortBy\` and \`integration_meta\` in a query are strings that hold JSON.
- Later versions may add fields to answers, and codes to errors.
`.trim();

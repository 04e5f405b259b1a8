/** The address in the calls of the introduction: that of `npm start`. The page `/docs` shows its own address instead. */
export const exampleAddress = 'http://localhost:3030';

/**
 * The introduction of the description, in Markdown: what a newcomer must know before the first call. A test runs each
 * block of shell commands, in this order.
 */
export const introduction = `
ERP connectors, web consoles and mobile apps read and change the distribution channels of a company here.

## Get a key

An operator of the service makes keys. A key holds the namespaces of one or more companies, and the scopes
\`channels:read\`, \`channels:write\` or both. On your own machine, \`npm start\` prints a key for the namespace \`company1\`.

Send the key in the header \`api-key\`, or as \`Authorization: Bearer <key>\`. On the page \`/docs\`, press **Authorize** and
paste it. A request acts in the first namespace of the key, or in the one that the header \`x-company-namespace\` names.

~~~sh
URL=${exampleAddress}
KEY='paste your key here'
~~~

~~~sh
curl -s "$URL/client-channel" \\
  -H "api-key: $KEY"
~~~

## Pages

A page has 25 channels, or as many as \`per_page\` says (at most 100). To read all channels, send the \`next_cursor\` of each
page as the \`cursor\` of the next request, until a page has none. An empty \`cursor\` means the first page.

~~~sh
CURSOR=
curl -s -G "$URL/client-channel" \\
  -H "api-key: $KEY" \\
  -d per_page=100 -d "cursor=$CURSOR"
~~~

## Changes

To keep a copy of all channels right, read the changes. The first responses bring all channels. Later ones bring what changed since
then, also deletions. Store \`next_cursor\` with your copy, and send it as \`cursor\` next time. While \`has_more\` is true, ask again
at once. After a 410, begin again without a cursor, and when \`has_more\` is false, drop every channel that this reading did not bring.

~~~sh
CURSOR=
curl -s -G "$URL/client-channel/changes" \\
  -H "api-key: $KEY" \\
  -d "cursor=$CURSOR"
~~~

## Errors

An error has a sentence for people (\`error\`) and a \`code\` for programs. An unknown parameter or field is an error, so a
misspelt filter never returns everything. \`details\` lists what is wrong. Quote \`request_id\` when you ask for help.

~~~sh
curl -s "$URL/client-channel?serch=a" \\
  -H "api-key: $KEY"
~~~

After 429 and 503, wait for the seconds in \`Retry-After\` and try again. After a 503, or without a response, a write may
have been carried out. A creation with an \`Idempotency-Key\` can be repeated for 24 hours, and is done once. Before you
repeat a change, read the channel again. With \`If-Match\`, a change never overwrites that of somebody else.

~~~sh
curl -s "$URL/client-channel" \\
  -H "api-key: $KEY" \\
  -H 'content-type: application/json' \\
  -H 'Idempotency-Key: first-channel' \\
  -d '{
    "name": "Retail Channel",
    "local_name": "قناة التجزئة",
    "integration_meta": {
      "external_id": "ch_123"
    }
  }'
~~~

## Many channels at once

A connector sends its records, up to 100 in a request, and the service finds out which channels to create and which to change.
Each row has its own result. Send the request again as often as you like.

~~~sh
curl -s "$URL/client-channel/upsert" \\
  -H "api-key: $KEY" \\
  -H 'content-type: application/json' \\
  -d '{
    "channels": [
      {
        "name": "Retail Channel",
        "integration_meta": {
          "external_id": "ch_123"
        }
      },
      {
        "delete": true,
        "integration_meta": {
          "external_id": "ch_124"
        }
      }
    ],
    "dry_run": true
  }'
~~~

Without \`dry_run\`, it is done. The status 200 says nothing about single rows: look at \`summary.failed\`. After \`conflict\`,
\`too_many_requests\` and \`unavailable\`, send the row again. All other codes need a correction first.

All sources of a company share one set of keys: begin each key with its source, as in \`sap:1001\`. With
\`"where": {"integration_meta.source": "sap"}\`, no channel of another source is changed or deleted. The file
\`docs/connectors.md\` of the service has recipes, and says what to do after each code.

## History and restore

The history of a channel has each version of the last year, with the key that made it (\`actor\`). It also exists for a deleted
channel. For 90 days, \`POST /client-channel/{id}/restore\` brings a deleted channel back, with its id and all its fields.

~~~sh
ID='paste the _id of a channel here'
curl -s "$URL/client-channel/$ID/history" \\
  -H "api-key: $KEY"
~~~

## Limits

- A body has at most 256 KiB, and 2 MiB for an upsert, which has at most 100 rows. A name has at most 256 characters. \`integration_meta\` has at most 64 KiB and 16 levels.
- A page has at most 100 channels and 5 MiB. A filter has at most 100 values.
- A list that is sorted by \`name\`, \`updatedAt\` or \`disabled\`, or filtered by \`disabled\`, allows \`page\` × \`per_page\` up to
  10,000. Other lists, and cursors, have no such limit.
- The number of requests per second is limited for everybody together. Beyond it, the response is 429.

## Metadata

\`integration_meta\` takes any JSON object. Only its keys \`external_id\` and \`id\` are indexed: filters by them are cheap in a
company of any size. A filter by another key reads all channels that the other filters leave. If these are more than 4 MB,
the response is 400 \`query_too_broad\`.

~~~sh
curl -s -G "$URL/client-channel" \\
  -H "api-key: $KEY" \\
  -d integration_meta.external_id=ch_123
~~~

For up to 100 ids, send a list as JSON, and \`per_page=100\`, because a page has 25 channels without it. This form leaves the most room in
the query: about 85 bytes for each of 100 ids, encoded. Percent-encode the brackets, as \`curl\` does here:

~~~sh
curl -s -G "$URL/client-channel" \\
  -H "api-key: $KEY" \\
  -d per_page=100 \\
  --data-urlencode 'integration_meta.external_id=["ch_123","ch_124"]'
~~~

Text that is not ASCII must be percent-encoded, too:

~~~sh
curl -s -G "$URL/client-channel" \\
  -H "api-key: $KEY" \\
  --data-urlencode 'search=قناة التجزئة'
~~~

## Events

Each change becomes an event on the bus \`client-channels-<environment>\` of Amazon EventBridge: \`ChannelCreated\`,
\`ChannelUpdated\` or \`ChannelDeleted\`. An event can come twice, and in any order: use the \`version\` to order the events of a
channel. The file \`docs/events.md\` of the service says more. On your own machine, the last 1,000 events are here:

~~~sh
curl -s "$URL/_local/events"
~~~

## Client

A typed client for TypeScript and JavaScript is in the folder \`client\` of the service. It follows cursors, and repeats
requests only where this is safe.

~~~js
import { ChannelsClient } from
  'client-channels-client';

const api = new ChannelsClient({
  url: '${exampleAddress}',
  key: process.env.KEY,
});
for await (const channel of api.all())
  console.log(channel.name);
~~~

### Generated clients

OpenAPI Generator (Java, Go, Python, TypeScript and others) and openapi-python-client make clients from this description. The
file \`docs/generated-clients.md\` of the service says which were tried.

- **Java needs the option \`containerDefaultToNull=true\`.** Without it, an update of the name also sends empty namespaces, which
  are refused, and can send empty metadata, which replace those of the channel.
- PUT replaces all of \`integration_meta\`. So does PATCH with \`application/json\`, which most clients send by themselves. To merge,
  send \`application/merge-patch+json\`. openapi-python-client does it for a body of the class \`ChannelMergePatch\`.
- Never pass an empty list as a filter. Most clients then send no filter, and the list has every channel.
- \`sortBy\` and \`integration_meta\` in a query are strings that hold JSON.
- Later versions may add fields to answers, and codes to errors.
`.trim();

// Made by `npm run openapi` from the description of the API: change that.

/** A distribution channel as it is stored. */
export interface Channel {
  /** An ObjectId; ids are ordered by time. */
  _id: string;
  /** Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included. */
  name: string;
  /** Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included. */
  local_name?: string;
  disabled: boolean;
  /** Any JSON object of at most 64 KiB (UTF-8) and 16 levels. What is sent comes back equal as JSON; an update replaces it whole. */
  integration_meta?: Record<string, unknown>;
  /** The company namespaces that the channel belongs to. Duplicates collapse, the order is kept. A key may add or remove only namespaces that it holds. */
  company_namespace: string[];
  /** ISO 8601, UTC, with milliseconds. */
  createdAt: string;
  /** ISO 8601, UTC, with milliseconds. */
  updatedAt: string;
  /** 0 on creation, 1 more with every change. */
  __v: number;
}

export interface ChannelCreation {
  /** Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included. */
  name: string;
  /** Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included. */
  local_name?: string;
  disabled?: boolean;
  /** Any JSON object of at most 64 KiB (UTF-8) and 16 levels. What is sent comes back equal as JSON; an update replaces it whole. */
  integration_meta?: Record<string, unknown>;
  /** The company namespaces that the channel belongs to. Duplicates collapse, the order is kept. A key may add or remove only namespaces that it holds. */
  company_namespace?: string[];
}

export interface ChannelChange {
  /** Not blank; no control characters, no lone surrogates. Stored and returned exactly as sent, white space included. */
  name?: string;
  local_name?: string | null;
  disabled?: boolean;
  integration_meta?: Record<string, unknown> | null;
  /** The company namespaces that the channel belongs to. Duplicates collapse, the order is kept. A key may add or remove only namespaces that it holds. */
  company_namespace?: string[];
  _id?: string;
  createdAt?: string;
  updatedAt?: string;
  __v?: number;
}

export interface Pagination {
  page: number;
  per_page: number;
  /** 0 on the first page. */
  pre_page: number;
  /** 0 where there is none. */
  next_page: number;
  /** All channels that match, exactly. */
  total: number;
  total_page: number;
  /** Absent where there is no next page. */
  next_cursor?: string;
  /** Absent where there is no page before. */
  prev_cursor?: string;
}

export interface ErrorBody {
  success: false;
  /** A sentence for a person. */
  error: string;
  /** For programs: it never changes. */
  code: "invalid_request" | "invalid_json" | "invalid_cursor" | "cursor_mismatch" | "page_too_deep" | "page_too_large" | "query_too_broad" | "unauthenticated" | "forbidden" | "not_found" | "conflict" | "precondition_failed" | "payload_too_large" | "unsupported_media_type" | "idempotency_key_reused" | "too_many_requests" | "unavailable" | "internal_error";
  /** Everything that is wrong; the first 100 where there is more. */
  details?: {
    path: string;
    message: string;
  }[];
  /** As in the header x-request-id: name it when you ask for help. */
  request_id: string;
}

/** What a list is asked by. Filters combine with AND. */
export interface ListQuery {
  /** The page, from 1, which is the default. Any page where the list is in the order of `_id`; sorted by `name`, `updatedAt` or `disabled`, or filtered by `disabled`, `page × per_page` may be at most 10,000: go further by `cursor`. For example `page=1`. */
  page?: number;
  /** How many channels a page holds, 25 by default. For example `per_page=25`. */
  per_page?: number;
  /** Opaque: the last answer's `next_cursor` or `prev_cursor`, together with the same filters and sort. Not together with `page`. */
  cursor?: string;
  /** The field to sort by, `_id` by default; descending with a leading `-`. Not together with `sortBy`. For example `sort=-createdAt`. */
  sort?: "_id" | "-_id" | "name" | "-name" | "local_name" | "-local_name" | "disabled" | "-disabled" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt";
  /** The direction of `sort`; `dsc` is understood as `desc`. Not together with `sortBy`. For example `sortPageOrder=desc`. */
  sortPageOrder?: "asc" | "desc" | "dsc";
  /** Several fields to sort by. As JSON, or in brackets: `sortBy[0][field]=name&sortBy[0][type]=desc`, `sortBy[][field]=name&sortBy[][type]=desc`, `sortBy[]={"field":"name","type":"desc"}`, or `sortBy[field]=name&sortBy[type]=desc` for one. For example `sortBy=[{"field":"disabled","type":"asc"},{"field":"name","type":"desc"}]`. */
  sortBy?: ({
    field: "_id" | "name" | "local_name" | "disabled" | "createdAt" | "updatedAt";
    type: "asc" | "desc";
  })[];
  /** Any of these ids; one that is malformed matches nothing. Several values: `_id=a&_id=b`, `_id[]=a&_id[]=b`, `_id[0]=a&_id[1]=b` or as JSON, `_id=["a","b"]`; brackets raw or percent-encoded. An empty list, `[]`, matches nothing. At most 100 different values. Here alone commas split too: `_id=a,b`. For example `_id=65f0a1b2c3d4e5f601234567` or `_id=65f0a1b2c3d4e5f601234568`. */
  _id?: string[];
  /** Any of these names, exactly. Several values: `name=a&name=b`, `name[]=a&name[]=b`, `name[0]=a&name[1]=b` or as JSON, `name=["a","b"]`; brackets raw or percent-encoded. An empty list, `[]`, matches nothing. At most 100 different values. For example `name=Retail Channel` or `name=قناة التجزئة`. */
  name?: string[];
  /** Any of these local names, exactly. Several values: `local_name=a&local_name=b`, `local_name[]=a&local_name[]=b`, `local_name[0]=a&local_name[1]=b` or as JSON, `local_name=["a","b"]`; brackets raw or percent-encoded. An empty list, `[]`, matches nothing. At most 100 different values. For example `local_name=قناة التجزئة`. */
  local_name?: string[];
  /** Words that must all occur somewhere in the name. Case, accents and Arabic writing variants (tatweel, tashkeel, alef and ya forms, ta marbuta) make no difference. For example `search=تجزئه`. */
  search?: string;
  /** Only channels that are disabled, or only those that are not. For example `disabled=false`. */
  disabled?: boolean;
  /** Updated strictly after: milliseconds since the epoch. For example `from_updatedAt=1700000000000`. */
  from_updatedAt?: number;
  /** Ids strictly greater: an id, or a cursor of a list in `_id` order. For example `from__id=000000000000000000000000`. */
  from__id?: string;
  /** Ids strictly less: an id, or a cursor of a list in `_id` order. For example `to__id=ffffffffffffffffffffffff`. */
  to__id?: string;
  /** Equal to these scalars, compared as text: `integration_meta[external_id]=ch_123`, `integration_meta.external_id=ch_123` (dots separate levels), or as JSON, `integration_meta={"external_id":"ch_123"}`. A key in brackets or JSON is literal. At most 100 conditions of 16 levels. */
  integration_meta?: Record<string, string>;
}

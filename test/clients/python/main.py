"""Does what a connector does, and prints a report in JSON."""

import json
import os
from datetime import datetime, timezone

from openapi_client import ApiClient, ApiException, ChannelsApi, Configuration
from openapi_client.models import (
    AnyError,
    ChannelChange,
    ChannelCreation,
    ChannelUpsert,
    GatewayError,
    UpsertRow,
)

configuration = Configuration(host=os.environ["API_URL"], api_key={"apiKey": os.environ["API_KEY"]})
api = ChannelsApi(ApiClient(configuration))


def names(answer):
    return [channel.name for channel in answer.data]


def read_all():
    page = api.list_channels(per_page=2)
    found = names(page)
    while page.pagination.next_cursor:
        page = api.list_channels(per_page=2, cursor=page.pagination.next_cursor)
        found += names(page)
    return found


def describe(answer):
    channel = answer.data
    external_id = channel.integration_meta["external_id"]
    return {"name": channel.name, "local_name": channel.local_name, "external_id": external_id}


def etag_of(response):
    return next(value for name, value in response.headers.items() if name.lower() == "etag")


def upsert(*rows):
    answer = api.upsert_channels(ChannelUpsert(channels=list(rows), where={"integration_meta.source": "sap"}))
    results = [[row.result, row.channel.name if row.channel else None, row.code] for row in answer.data]
    return {"rows": results, "failed": answer.summary.failed}


def error_of(send, *arguments, **named):
    try:
        send(*arguments, **named)
    except ApiException as raised:
        error = raised.data.actual_instance if isinstance(raised.data, AnyError) else raised.data
        if isinstance(error, GatewayError):
            return {"status": raised.status, "message": error.message}
        path = {"path": error.details[0].path} if error.details else {}
        return {"status": raised.status, "code": error.code, **path}
    raise AssertionError("There was no error.")


report = {
    "all": read_all(),
    "one_external_id": names(api.list_channels(integration_meta_external_id=["ERP-1"])),
    "two_external_ids": names(api.list_channels(integration_meta_external_id=["ERP-1", "ERP-2"])),
}
in_2023 = int(datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc).timestamp()) * 1000
sort_by = json.dumps([{"field": "name", "type": "desc"}])
report["sorted"] = names(api.list_channels(sort_by=sort_by, from_updated_at=in_2023))

creation = ChannelCreation(
    name="Retail Channel", local_name="قناة التجزئة", integration_meta={"external_id": "R-1"}
)
created = api.create_channel_with_http_info(creation)
report["created"] = describe(created.data)
id = created.data.data.id

rename = ChannelChange(name="Retail")
renamed = api.update_channel_with_http_info(id, rename, if_match=etag_of(created))
report["renamed"] = describe(renamed.data)

read = renamed.data.data
whole = ChannelChange(
    id=read.id,
    name=read.name,
    disabled=read.disabled,
    integration_meta=read.integration_meta,
    company_namespace=read.company_namespace,
    created_at=read.created_at,
    updated_at=read.updated_at,
    v=read.v,
)
whole.local_name = "تجزئة"
sent_back = api.update_channel_with_http_info(id, whole, if_match=etag_of(renamed))
report["sent_back"] = describe(sent_back.data)

report["stale"] = error_of(api.update_channel, id, rename, if_match=etag_of(created))
report["refused"] = error_of(api.create_channel, ChannelCreation(name=" "))
report["gateway"] = error_of(api.get_channel, id, x_request_id="x" * 11_000)
report["deleted"] = describe(api.delete_channel(id, if_match=etag_of(sent_back)))
report["restored"] = describe(api.restore_channel(id))
api.delete_channel(id)

upserted = UpsertRow(name="Upserted", integration_meta={"external_id": "U-1"})
unknown = UpsertRow(delete=True, integration_meta={"external_id": "nobody"})
nameless = UpsertRow(integration_meta={"external_id": "U-2"})
report["upserted"] = upsert(upserted, unknown, nameless)
report["removed"] = upsert(UpsertRow(delete=True, integration_meta={"external_id": "U-1"}))
changes = api.read_changes(cursor=os.environ["CHANGES_CURSOR"], per_page=2).data
report["changes"] = [[row.type, row.channel.name if row.channel else row.id] for row in changes]
versions = api.read_history(os.environ["GONE_ID"]).data
report["history"] = [[each.type, each.channel.name if each.channel else None] for each in versions]
print(json.dumps(report))

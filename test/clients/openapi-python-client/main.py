"""Does what a connector does, and prints a report in JSON."""

import json
import os
from datetime import datetime, timezone

from channels_client import AuthenticatedClient
from channels_client.api.channels import (
    create_channel,
    delete_channel,
    get_channel,
    list_channels,
    read_changes,
    read_history,
    restore_channel,
    update_channel,
    upsert_channels,
)
from channels_client.models import (
    ChannelChange,
    ChannelChangeIntegrationMetaType0,
    ChannelCreation,
    ChannelCreationIntegrationMetaType0,
    ChannelUpsert,
    ChannelUpsertWhere,
    GatewayError,
    UpsertRow,
    UpsertRowIntegrationMeta,
)

client = AuthenticatedClient(
    base_url=os.environ["API_URL"], token=os.environ["API_KEY"], auth_header_name="api-key", prefix=""
)


def read_page(**query):
    return list_channels.sync(client=client, **query)


def names(answer):
    return [channel.name for channel in answer.data]


def read_all():
    page = read_page(per_page=2)
    found = names(page)
    while page.pagination.next_cursor:
        page = read_page(per_page=2, cursor=page.pagination.next_cursor)
        found += names(page)
    return found


def describe(answer):
    channel = answer.data
    external_id = channel.integration_meta["external_id"]
    return {"name": channel.name, "local_name": channel.local_name, "external_id": external_id}


def key_of(external_id):
    return UpsertRowIntegrationMeta.from_dict({"external_id": external_id})


def upsert(*rows):
    where = ChannelUpsertWhere.from_dict({"integration_meta.source": "sap"})
    answer = upsert_channels.sync(client=client, body=ChannelUpsert(channels=list(rows), where=where))
    results = [
        [row.result, row.channel.name if row.channel else None, row.code or None] for row in answer.data
    ]
    return {"rows": results, "failed": answer.summary.failed}


def describe_error(response):
    error = response.parsed
    if isinstance(error, GatewayError):
        return {"status": response.status_code, "message": error.message}
    path = {"path": error.details[0].path} if error.details else {}
    return {"status": response.status_code, "code": error.code, **path}


report = {
    "all": read_all(),
    "one_external_id": names(read_page(integration_meta_external_id=["ERP-1"])),
    "two_external_ids": names(read_page(integration_meta_external_id=["ERP-1", "ERP-2"])),
}
in_2023 = int(datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc).timestamp()) * 1000
sort_by = json.dumps([{"field": "name", "type": "desc"}])
report["sorted"] = names(read_page(sort_by=sort_by, from_updated_at=in_2023))

meta = ChannelCreationIntegrationMetaType0.from_dict({"external_id": "R-1"})
creation = ChannelCreation(name="Retail Channel", local_name="قناة التجزئة", integration_meta=meta)
created = create_channel.sync_detailed(client=client, body=creation)
report["created"] = describe(created.parsed)
id = created.parsed.data.field_id


def update(change, etag):
    return update_channel.sync_detailed(id, client=client, body=change, if_match=etag)


rename = ChannelChange(name="Retail")
renamed = update(rename, created.headers["etag"])
report["renamed"] = describe(renamed.parsed)

read = renamed.parsed.data
whole = ChannelChange(
    field_id=read.field_id,
    name=read.name,
    local_name="تجزئة",
    disabled=read.disabled,
    integration_meta=ChannelChangeIntegrationMetaType0.from_dict(read.integration_meta.to_dict()),
    company_namespace=read.company_namespace,
    created_at=read.created_at,
    updated_at=read.updated_at,
    field_v=read.field_v,
)
sent_back = update(whole, renamed.headers["etag"])
report["sent_back"] = describe(sent_back.parsed)

report["stale"] = describe_error(update(rename, created.headers["etag"]))
report["refused"] = describe_error(create_channel.sync_detailed(client=client, body=ChannelCreation(name=" ")))
report["gateway"] = describe_error(get_channel.sync_detailed(id, client=client, x_request_id="x" * 11_000))
report["deleted"] = describe(delete_channel.sync(id, client=client, if_match=sent_back.headers["etag"]))
report["restored"] = describe(restore_channel.sync(id, client=client))
delete_channel.sync(id, client=client)

upserted = UpsertRow(name="Upserted", integration_meta=key_of("U-1"))
unknown = UpsertRow(delete=True, integration_meta=key_of("nobody"))
report["upserted"] = upsert(upserted, unknown, UpsertRow(integration_meta=key_of("U-2")))
report["removed"] = upsert(UpsertRow(delete=True, integration_meta=key_of("U-1")))
changes = read_changes.sync(client=client, cursor=os.environ["CHANGES_CURSOR"], per_page=2).data
report["changes"] = [[row.type_, row.channel.name if row.channel else row.field_id] for row in changes]
versions = read_history.sync(os.environ["GONE_ID"], client=client).data
report["history"] = [[each.type_, each.channel.name if each.channel else None] for each in versions]
print(json.dumps(report))

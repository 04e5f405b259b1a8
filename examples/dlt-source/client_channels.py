"""A dlt source: the channels of a namespace, as they are now. Each run loads what changed since the last one."""

from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.helpers import requests

# Retries 429 and 5xx. A 410 is an answer.
http = requests.Client(raise_for_status=False)


def ids_in_copy() -> set[str]:
    """Returns the ids of all channels in the destination."""
    with dlt.current.pipeline().sql_client() as client:
        return {_id for (_id,) in client.execute_sql("SELECT _id FROM channels")}


@dlt.resource(
    primary_key="_id",
    write_disposition="merge",
    columns={
        "_id": {"data_type": "text"},
        "deleted": {"data_type": "bool", "hard_delete": True},
        # A run can bring several changes of a channel. The last one counts.
        "position_in_run": {"data_type": "bigint", "dedup_sort": "desc"},
        "company_namespace": {"data_type": "json"},
        "integration_meta": {"data_type": "json"},
    },
)
def channels(url: str = dlt.config.value, api_key: str = dlt.secrets.value) -> Iterator[Any]:
    """Reads the feed of changes to its end. The cursor is in the state, which dlt saves together with the rows."""
    state = dlt.current.resource_state()
    # What the destination has, but a complete reading does not bring, was deleted in the meantime.
    to_delete: set[str] = set()
    position = 0
    has_more = True
    while has_more:
        response = http.get(
            f"{url}/client-channel/changes",
            headers={"api-key": api_key},
            params={"cursor": state["cursor"]} if "cursor" in state else {},
        )
        if response.status_code == 410:
            del state["cursor"]
            to_delete = ids_in_copy()
            continue
        response.raise_for_status()
        page = response.json()
        rows = []
        for position, change in enumerate(page["data"], position + 1):
            channel = change.get("channel") or {"_id": change["_id"]}
            to_delete.discard(channel["_id"])
            rows.append({**channel, "deleted": change["type"] == "delete", "position_in_run": position})
        yield rows or dlt.mark.materialize_table_schema()  # an empty table, if there are no channels yet
        state["cursor"] = page["pagination"]["next_cursor"]
        has_more = page["pagination"]["has_more"]
    yield [{"_id": _id, "deleted": True, "position_in_run": position + 1} for _id in to_delete]

"""The part of the source that Airbyte's low-code language has no words for: a position in the feed that is opaque."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.requesters.requester import Requester
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.streams.concurrent.cursor import ConcurrentCursor


def to_row(change: dict[str, Any], number: int) -> dict[str, Any]:
    """Turns a change into a row with the columns of Airbyte's sources of change data. A deletion has only its id."""
    at = change["changed_at"]
    deletion = {"_id": change.get("_id"), "_ab_cdc_deleted_at": at}
    return {**change.get("channel", deletion), "_ab_cdc_cursor": number, "_ab_cdc_updated_at": at}


@dataclass
class ChangesRetriever(Retriever):
    requester: Requester
    cursor: ConcurrentCursor

    def read_records(self, records_schema: Any, stream_slice: Any = None) -> Iterable[Mapping[str, Any]]:
        """Reads from the position in the stream's state to the end of the feed, and saves the state after each page."""
        # The stream's state keeps unknown keys as they are, and this is the state itself, not a copy.
        state = self.cursor.state
        # Numbers of a later sync are larger, also after a crash: no computer reads a million changes in a second.
        number = time.time_ns() // 1000
        has_more = True
        while has_more:
            position = {"cursor": state["position"]} if "position" in state else {}
            page = self.requester.send_request(request_params=position).json()
            for change in page["data"]:
                number += 1
                yield to_row(change, number)
            state["position"] = page["pagination"]["next_cursor"]
            self.cursor.ensure_at_least_one_state_emitted()
            has_more = page["pagination"]["has_more"]

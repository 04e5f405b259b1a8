"""Prints the channels in the copy of the dlt source as JSON, as the API would give them."""

import json
import sys

import duckdb

names = {"created_at": "createdAt", "updated_at": "updatedAt", "v": "__v"}
own = {"deleted", "position_in_run", "_dlt_id", "_dlt_load_id"}


def to_json(column, value):
    if column in ("company_namespace", "integration_meta"):
        return json.loads(value)
    return value if column not in ("created_at", "updated_at") else f"{value.isoformat(timespec='milliseconds')[:23]}Z"


table = duckdb.connect(sys.argv[1], read_only=True).execute("SET TimeZone = 'UTC'; SELECT * FROM copy.channels")
columns = [column[0] for column in table.description]
for row in table.fetchall():
    fields = {column: value for column, value in zip(columns, row) if value is not None and column not in own}
    print(json.dumps({names.get(column, column): to_json(column, value) for column, value in fields.items()}))

"""Keeps a CSV of ERP groups and the channels of a namespace in step, in both directions. README.md says how to run it."""

import csv
import io
import json
import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

SOURCE = "erp"  # Only channels with this integration_meta.source belong to the connector.
FIELDS = ("name", "local_name")  # The columns in step, beside "code". Other columns of the CSV stay as they are.


def call(path, body=None):
    data = json.dumps(body).encode() if body else None
    headers = {"api-key": os.environ["API_KEY"], "content-type": "application/json"}
    with urlopen(Request(os.environ["API_URL"] + path, data, headers), timeout=60) as response:
        return json.load(response)


def save(file, text):
    """Writes another file and renames it, so that a kill leaves either the old text or the new one."""
    temporary = file.with_name(f"{file.name}.new")
    with open(temporary, "w", encoding="utf-8", newline="") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    os.replace(temporary, file)


def read_changes(state):
    """Returns what others changed since the last run, as channels by _id (None if deleted), and the next cursor."""
    cursor, changes, has_more = state["cursor"], {}, True
    while has_more:
        query = {"exclude_self": "true", **({"cursor": cursor} if cursor else {})}
        try:
            page = call(f"/client-channel/changes?{urlencode(query)}")
        except HTTPError as error:
            if error.code != 410:
                raise
            # The cursor has expired. A complete reading follows. What it does not bring was deleted.
            cursor, changes = None, {group["_id"]: None for group in state["groups"].values()}
            continue
        for change in page["data"]:
            channel = change.get("channel")
            changes[channel["_id"] if channel else change["_id"]] = channel
        cursor, has_more = page["pagination"]["next_cursor"], page["pagination"]["has_more"]
    return changes, cursor


def apply(changes, groups):
    """Returns the connector's groups in the namespace by code: those of the last run, with the changes since."""
    code_of = {group["_id"]: code for code, group in groups.items()}
    changed = {code_of[_id] for _id in changes if _id in code_of}
    current = {code: group for code, group in groups.items() if code not in changed}
    for _id, channel in changes.items():
        meta = (channel or {}).get("integration_meta", {})
        if meta.get("source") == SOURCE and "external_id" in meta:
            current[str(meta["external_id"])] = {"_id": _id} | {field: channel.get(field, "") for field in FIELDS}
    return current


def merge(row, known, before, channel):
    """
    Decides what a group is now. None means that it is not there. Where both sides changed the same, the CSV wins.
    known: the group as of the last run; before: the same, or the row that a killed run was about to overwrite
    """
    if row in (known, before):
        return channel
    if not (row and known and channel):
        return row
    return {
        field: channel[field] if row[field] in (known[field], (before or known)[field]) else row[field]
        for field in FIELDS
    }


def send(rows):
    """Sends the rows to the namespace. Returns why which of them failed, and the _ids of the others, by their codes."""
    failed, ids = {}, {}
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        answer = call("/client-channel/upsert", {"channels": batch, "where": {"integration_meta.source": SOURCE}})
        for row, result in zip(batch, answer["data"]):
            code = row["integration_meta"]["external_id"]
            if result["result"] == "failed":
                print(f"{code}: {result['error']}", file=sys.stderr)
                failed[code] = result["code"]
            else:
                ids[code] = result.get("_id")
    return failed, ids


def to_row(code, group, channel):
    """Makes a row of an upsert. It has only the fields that differ, so that changes of others in this moment survive."""
    key = {"integration_meta": {"external_id": code}}
    if group is None:
        return key | {"delete": True}
    return key | {field: group[field] for field in FIELDS if group[field] != channel.get(field)}


def fields_of(group):
    return group and {field: group[field] or "" for field in FIELDS}


def main(file):
    state_file = file.with_suffix(".state.json")
    state = {"cursor": None, "groups": {}, "before": {}, "sending": []}
    if state_file.exists():
        state = json.loads(state_file.read_text())
    text = file.read_text(encoding="utf-8")
    reader = csv.DictReader(io.StringIO(text))
    if not {"code", *FIELDS} <= set(reader.fieldnames or []):
        sys.exit(f"{file} needs the columns code, {', '.join(FIELDS)}.")
    rows = {row["code"]: row for row in reader}

    changes, cursor = read_changes(state)
    known, channels = state["groups"], apply(changes, state["groups"])
    merged = {}
    for code in rows | channels | known | dict.fromkeys(state["sending"]):
        row, was = fields_of(rows.get(code)), fields_of(known.get(code))
        merged[code] = merge(row, was, state["before"].get(code, was), fields_of(channels.get(code)))

    # Nobody knows what became of a row after a kill, or if it was "unavailable". The next run sends it again, whole.
    to_send = {
        code: {} if code in state["sending"] else channels.get(code, {})
        for code, group in merged.items()
        if code in state["sending"] or group != fields_of(channels.get(code))
    }
    save(state_file, json.dumps(state | {"sending": list(to_send)}))
    failed, ids = send([to_row(code, merged[code], channel) for code, channel in to_send.items()])

    if file.read_text(encoding="utf-8") != text:
        sys.exit(f"{file} changed in the meantime. Run the connector again.")
    groups = {
        code: {"_id": ids.get(code) or channels[code]["_id"]} | group
        for code, group in merged.items()
        if group and code not in failed
    } | {code: channels[code] for code in failed if code in channels}
    before = {code: fields_of(rows.get(code)) for code in merged if code not in failed}
    output = io.StringIO()
    writer = csv.DictWriter(output, reader.fieldnames, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**rows.get(code, {}), "code": code, **group} for code, group in merged.items() if group)

    # A kill between these lines loses nothing: "before" tells old rows of the CSV from rows that the ERP changed.
    unknown = [code for code, reason in failed.items() if reason == "unavailable"]
    state = {"cursor": cursor, "groups": groups, "before": before, "sending": unknown}
    save(state_file, json.dumps(state))
    if output.getvalue() != text:
        save(file, output.getvalue())
    save(state_file, json.dumps(state | {"before": {}}))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except HTTPError as error:  # Nothing is lost: the next run continues.
        sys.exit(f"{error.url}: {error.code} {error.read().decode()}")

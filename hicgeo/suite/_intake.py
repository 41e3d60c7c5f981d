"""What came of reading the export of a run: read once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hicgeo.sources.incidents import Intake
    from hicgeo.suite._store import Store

_TABLES = ("incidents", "rejected", "notes", "repairs", "account")


def kept_intake(store: Store, key: str, path: str | Path, reading: Mapping[str, Any]) -> Intake:
    """What came of reading an export: from the store, else read now and put there, incidents in order of number.

    Parameters
    ----------
    store, key
        Where, and the fingerprint of what decides it.
    path, reading
        The export, and the arguments of `hicgeo.read_incidents`.
    """
    from hicgeo.sources.incidents import Intake, read_incidents

    if store.facts("intake", key) is None:
        read = read_incidents(path, **reading)
        for name in _TABLES:
            table = getattr(read, name)
            store.put(name, key, table.sort_index() if name == "incidents" else table)
        rows = {"read": read.read, "accepted": len(read.incidents), "rejected": len(read.rejected)}
        store.put_facts("intake", key, {**rows, "size": read.size, "source": read.source})
    facts = store.facts("intake", key) or {}
    tables = {name: store.get(name, key) for name in _TABLES}
    return Intake(**tables, read=facts["read"], size=facts["size"], source=facts["source"])

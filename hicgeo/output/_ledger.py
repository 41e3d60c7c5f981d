"""The ledger of exports: what left the house when, for whom, and which figures were in it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from hicgeo.errors import InputError


@dataclass(frozen=True)
class Handling:
    """For whom an export is, why, on what ground, how confidential, and until when.

    Attributes
    ----------
    purpose
        What the information is for, in a few words.
    recipient
        Who receives it: a body or a function, not a person.
    legal_basis
        The ground on which it is shared.
    classification
        How confidential it is.
    retain_until
        The day on which the recipient destroys it.

    Raises
    ------
    InputError
        A text is empty, or `retain_until` is not a date.

    Examples
    --------
    >>> from datetime import date
    >>> Handling("inzet donkere dagen", "lokale driehoek", "Wpg art. 16", "vertrouwelijk", date(2025, 6, 1)).recipient
    'lokale driehoek'
    """

    purpose: str
    recipient: str
    legal_basis: str
    classification: str
    retain_until: date

    def __post_init__(self) -> None:
        empty = [f.name for f in fields(self) if f.name != "retain_until" and not str(getattr(self, f.name)).strip()]
        if empty or not isinstance(self.retain_until, date):
            raise InputError(
                "an export must say its purpose, recipient, legal basis and classification, and the date it is kept to",
                "empty or not a date: " + ", ".join(empty or ["retain_until"]),
                "fill them in, or leave handling out as a whole",
            )


class Ledger:
    """What everybody can know: a private list of all that was exported, one line of JSON per file.

    A public export is checked against the figures of earlier ones in it: what two exports together give away was given
    away. It holds the hidden figures too, so it stays in the house, under `data/private`.

    Parameters
    ----------
    path
        The file; made at the first export. None keeps nothing: only what is still to be written is checked together.
    public
        Count table of what the police publish themselves about the same areas and months.
    handling, run
        For whom and why, and the name of the run, of what is recorded.
    area
        What a table without areas is of: the code of the municipality, several with "+" between them, or "*" for
        everything that the ledger is of.

    Examples
    --------
    >>> import tempfile
    >>> Ledger(f"{tempfile.mkdtemp()}/exports.jsonl").entries()
    []
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        *,
        public: pd.DataFrame | None = None,
        handling: Handling | None = None,
        run: str = "",
        area: str = "*",
    ) -> None:
        self.path, self.public = None if path is None else Path(path), public
        self.handling, self.run, self.area = handling, run, area
        self._pending: list[dict[str, Any]] = []
        self._seen = 0

    def entries(self) -> list[dict[str, Any]]:
        """Every export, oldest first: `when`, `file`, `sha256`, `profile`, `handling` and `figures`.

        Raises
        ------
        InputError
            A line is no JSON.
        """
        if self.path is None or not self.path.is_file():
            return []
        found = []
        for place, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            try:
                found.append(json.loads(line))
            except ValueError:
                raise InputError(
                    "every line of the ledger of exports must be JSON",
                    f"{self.path.name}, line {place}",
                    "restore it from a copy; without it a public export cannot be checked against earlier ones",
                ) from None
        return found

    def figures(self) -> pd.DataFrame:
        """Figures of all public exports: a column per dimension, `value`, `shown` and `small`."""
        entries = self.entries()
        self._seen = self._seen if self._pending else len(entries)
        rows = [row for entry in entries for row in entry.get("figures", [])]
        return pd.DataFrame(rows + self._pending)

    def promise(self, figures: pd.DataFrame) -> None:
        """Count figures as public from now on, because they stand in a file that is about to be written.

        Parameters
        ----------
        figures
            As `Protected.figures`.
        """
        self._pending += json.loads(figures.to_json(orient="records"))

    def claim(self, file: str | os.PathLike[str], *, profile: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Note the figures that were promised before they are written, and give those they were not checked against.

        Parameters
        ----------
        file
            What is about to be written.
        profile
            Under which profile; only "openbaar" has figures.

        Returns
        -------
        ours, theirs
            Figures that were promised; and all others, when any of these came since the first of ours was checked.

        Notes
        -----
        The ledger is only ever added to, in single writes: of two that export at the same time the later line sees the
        earlier one. A line that is not followed by a file counts as public all the same. Nothing is written when the
        figures were noted before.
        """
        if self.path is None or profile != "openbaar":
            return pd.DataFrame(), pd.DataFrame()
        ours, self._pending = self._pending, []
        before = self.entries()
        known = {json.dumps(row, sort_keys=True) for entry in before for row in entry.get("figures", [])}
        if {json.dumps(row, sort_keys=True) for row in ours} - known:
            mine = self._add({"file": Path(file).name, "run": self.run, "profile": profile, "figures": ours})
            before = self.entries()
            before = before[: next(n for n, entry in enumerate(before) if entry.get("claim") == mine)]
        met = any(entry.get("figures") for entry in before[self._seen :])
        theirs = [row for entry in before if met for row in entry.get("figures", [])]
        return pd.DataFrame(ours), pd.DataFrame(theirs)

    def record(self, file: str | os.PathLike[str], *, profile: str) -> None:
        """Add an export, with the figures that were promised since the last one.

        Parameters
        ----------
        file
            What was written.
        profile
            Under which profile; "intern" is no export.

        Notes
        -----
        An export with the same content under the same name is not noted twice. A line is added in one write, so that
        two processes can share the ledger.
        """
        figures, self._pending = self._pending, []
        if self.path is None or profile == "intern":
            return
        content = Path(file).read_bytes()
        entry: Mapping[str, Any] = {
            "file": Path(file).name,
            "run": self.run,
            "sha256": hashlib.sha256(content).hexdigest(),
            "profile": profile,
            "handling": {} if self.handling is None else {k: str(v) for k, v in asdict(self.handling).items()},
            "figures": figures,
        }
        if any({k: v for k, v in known.items() if k not in ("when", "claim")} == entry for known in self.entries()):
            return
        self._add(entry)

    def _add(self, entry: Mapping[str, Any]) -> str:
        """Add a line and return what tells it from all others."""
        assert self.path is not None  # noqa: S101 - asked by who calls
        when, mark = datetime.now(UTC).isoformat(timespec="seconds"), secrets.token_hex(8)
        line = json.dumps({"when": when, "claim": mark, **entry}, ensure_ascii=False, sort_keys=True) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
        return mark

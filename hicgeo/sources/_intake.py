"""What came of reading an export: every record and every byte accounted for."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hicgeo.errors import InputError, visible

if TYPE_CHECKING:
    import geopandas as gpd


_NO_PLACE = (
    *("bad_coordinate", "infinite_coordinate", "placeholder_coordinate", "swapped_axes", "other_crs"),
    *("outside_country", "not_a_point", "police_station"),
)
"""Reasons that reject an incident for its place alone."""


def located_share(empty: npt.NDArray[np.bool_], reasons: pd.Series) -> float:
    """Share of the incidents with a place, of the accepted ones and those that were rejected for theirs alone.

    Parameters
    ----------
    empty
        Of each accepted incident, whether it has no place.
    reasons
        Why records were rejected.
    """
    of = len(empty) + int(reasons.isin(_NO_PLACE).sum())
    return int((~empty).sum()) / of if of else 1.0


@dataclass(frozen=True)
class Intake:
    """What came of reading a police export.

    Attributes
    ----------
    incidents
        Accepted records, in the order of the file: the incident table of the data contracts.
    rejected
        One row per rejected record: `record` (1 is the first after the header), `line`, `reason`, `column`, `value`
        (as it stands in the file; keep it in the house), and of the record as far as it could be read `month`
        ("2024-03"), `crime_type` and `municipality`, else NA.
    notes
        What was repaired, chosen or worth knowing: `kind`, `column`, `records`, `example_line`, `text`.
    repairs
        One row per value of an accepted record that was not taken as it stands: `record`, `line`, `kind` (of the note),
        `column`, `original`, `repaired` (keep it in the house).
    account
        Indexed by part of the file (`mark`, `header`, `accepted`, `rejected`, `blank`): `records`, and `bytes` of
        delimited text, line ends included; NA for other formats.
    read
        Records in the file; always accepted plus rejected.
    size
        Bytes of the text that was read (unpacked); always the sum of `account["bytes"]`. None for other formats.
    source
        Name of the file.

    Raises
    ------
    InputError
        `read` is not accepted plus rejected, or `size` is not the sum of its parts.
    """

    incidents: gpd.GeoDataFrame = field(repr=False)
    rejected: pd.DataFrame = field(repr=False)
    notes: pd.DataFrame = field(repr=False)
    repairs: pd.DataFrame = field(repr=False)
    account: pd.DataFrame = field(repr=False)
    read: int
    size: int | None
    source: str

    def __post_init__(self) -> None:
        counted = self.account["records"]
        if (self.read, len(self.incidents), len(self.rejected)) != (
            int(counted.sum()),
            int(counted["accepted"]),
            int(counted["rejected"]),
        ):
            raise InputError(
                "read must be accepted + rejected",
                f"{self.read} read, {len(self.incidents)} accepted, {len(self.rejected)} rejected",
                "this is a fault of the reader, not of the file: report it",
            )
        if self.size is not None and self.size != int(self.account["bytes"].sum()):
            raise InputError(
                "mark + header + accepted + rejected + blank lines must be the file",
                f"{self.size} bytes in the file, {self.account['bytes'].sum()} accounted for",
                "this is a fault of the reader, not of the file: report it",
            )

    @property
    def located(self) -> float:
        """Share of the incidents that have a place; under 0.85 a map does not speak for the whole.

        Those that were rejected for the place that they give (a placeholder, the sea) are incidents without one too.
        """
        return located_share(self.incidents.geometry.is_empty.to_numpy(bool), self.rejected["reason"])

    def summary(self) -> pd.Series:
        """Count the records.

        Returns
        -------
        Series
            `records`, indexed by `read`, `accepted`, `located`, `unlocated`, `rejected` and, per reason from the most
            frequent, `rejected: <reason>`.
        """
        located = int((~self.incidents.geometry.is_empty).sum())
        counts = {
            "read": self.read,
            "accepted": len(self.incidents),
            "located": located,
            "unlocated": len(self.incidents) - located,
            "rejected": len(self.rejected),
        }
        reasons = (
            self.rejected["reason"].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        )
        counts |= {f"rejected: {reason}": int(n) for reason, n in reasons.items()}
        return pd.Series(counts, name="records", dtype="int64")

    def to_frame(self) -> pd.DataFrame:
        """Return the summary as a table with the share of the records read."""
        counts = self.summary()
        return pd.DataFrame({"records": counts, "share": counts / max(self.read, 1)})

    def __repr__(self) -> str:
        reasons = (
            self.rejected["reason"].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        )
        why = ", ".join(f"{reason} {n:,}" for reason, n in reasons.head(3).items())
        more = f", and {len(reasons) - 3} other reasons" if len(reasons) > 3 else ""
        return visible(
            f"Intake({self.source}: {self.read:,} read = {len(self.incidents):,} accepted + "
            f"{len(self.rejected):,} rejected{f' ({why}{more})' if why else ''}; {self.located:.0%} located; "
            f"{len(self.repairs):,} values repaired; {len(self.notes)} notes)"
        )

    def _repr_html_(self) -> str:
        # counts only: values and texts of records stay out of a notebook's output
        notes = self.notes[["kind", "column", "records"]]
        kinds = notes.groupby(["kind", "column"], dropna=False, sort=False)["records"].sum().reset_index()
        return (
            f"<p>{html.escape(repr(self))}</p>{self.to_frame().to_html(float_format='{:.1%}'.format)}"
            f"{kinds.fillna('').to_html(index=False)}"
        )

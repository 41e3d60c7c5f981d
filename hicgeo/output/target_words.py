"""Target areas, ready for a map and a table: hours, reasons, back-test and doubts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import AlignmentError, InputError
from hicgeo.output.language import Language, check_language, crime, day, number, percent, text

if TYPE_CHECKING:
    import geopandas as gpd

WEEKDAYS = {"nl": ("ma", "di", "wo", "do", "vr", "za", "zo"), "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
SHOWN = (
    "rank_low", "rank_high", "area_ha", "expected", "expected_low", "expected_high", "kind", "dwellings", "code",
    "name", "street_km", "streets",
)  # fmt: skip
COUNTED = ("last_year_100m", "last_year_250m")
"""What anyone can do instead, and must be beaten."""

NEAR_SHARE = 0.1
"""Near repeats are a reason from this share of the expectation."""


def target_table(
    targets: Any,
    *,
    crime_type: str,
    backtest: Any = None,
    method: str = "two_scale",
    nearby: pd.DataFrame | None = None,
    language: str = "nl",
) -> gpd.GeoDataFrame:
    """Target areas with their hours, reasons and doubts in words, as the map and the tables show them.

    Parameters
    ----------
    targets
        Answer of `target_areas`.
    crime_type
        Of the incidents.
    backtest
        Answer of `backtest` on the same incidents up to the start, if it was made.
    method
        Which of its methods made the surface.
    nearby
        Answer of `nearby` on the areas, if what lies near them is known.
    language
        "nl" or "en".

    Returns
    -------
    GeoDataFrame
        On `rank`: what `HotspotMap.add_target_areas` asks for.

    Raises
    ------
    InputError
        It is another result, the back-test has no such method or horizon, or the language is unknown.
    AlignmentError
        `nearby` is of other areas.

    Notes
    -----
    No incident, date or address is in it; measures and the make-up of incidents stay apart from it.
    """
    said = check_language(language)
    if not hasattr(targets, "blocks"):
        raise InputError(
            "target_table must be given target areas", type(targets).__name__, "give the answer of target_areas"
        )
    table = targets.areas[[name for name in SHOWN if name in targets.areas] + ["geometry"]].copy()
    rows = targets.areas.drop(columns="geometry")
    table["hours"] = [_hours(targets.blocks, rank, said) for rank in rows.index]
    table["reasons"] = [_reasons(row, said) for _, row in rows.iterrows()]
    table["backtest"] = _tested(backtest, method, targets.horizon_days, said)
    table["doubts"] = [_doubts(row, said) for _, row in rows.iterrows()]
    if nearby is not None and len(nearby):
        table["nearby"] = _nearby(nearby, rows.index, said)
    for name in ("code", "name", "street_km", "streets"):
        if name in table and table[name].isna().all():
            table = table.drop(columns=name)
    table.attrs = {"crime_type": crime_type, "horizon_days": targets.horizon_days}
    if backtest is not None:
        table.attrs |= {key: backtest.about[key] for key in ("bandwidth", "method", "kernel") if key in backtest.about}
    return table


def _hours(blocks: pd.DataFrame, rank: int, said: Language) -> str:
    if rank not in blocks.index.get_level_values("rank"):
        return text("targets.no_hours", said)
    mine = blocks.loc[rank].sort_values(["weekday", "hour_from"])
    hours = ", ".join(
        f"{WEEKDAYS[said][int(row['weekday'])]} {int(row['hour_from']):02d}–{int(row['hour_to']):02d}"
        for _, row in mine.iterrows()
    )
    return hours if mine["own"].all() else text("targets.few_hours", said, hours=hours)


def _reasons(row: pd.Series, said: Language) -> str:
    parts = [
        text(
            "targets.why.ratio", said, times=number(row["ratio"], said, decimals=1), n=number(row["incidents"], said),
            recent=number(row["recent"], said),
        )
    ]  # fmt: skip
    if row["kind"] == "chronic":
        parts.append(text("targets.why.chronic", said, hot=int(row["years_hot"]), years=int(row["years"])))
    elif row["kind"] == "seasonal":
        parts.append(text("targets.why.seasonal", said, times=number(row["season_ratio"], said, decimals=1)))
    elif row["kind"] == "new":
        parts.append(text("targets.why.new", said))
    if row["near"] >= NEAR_SHARE * row["expected"]:
        parts.append(text("targets.why.near", said, share=percent(row["near"] / row["expected"], said, decimals=0)))
    return " ".join(parts)


def _doubts(row: pd.Series, said: Language) -> str:
    parts = []
    if row["expected"] < 1:
        parts.append(text("targets.doubt.few", said))
    if row["rank_low"] < row["rank_high"]:
        parts.append(text("targets.doubt.rank", said, low=int(row["rank_low"]), high=int(row["rank_high"])))
    if row["kind"] == "new":
        parts.append(text("targets.doubt.new", said))
    if row["kind"] == "seasonal":
        parts.append(text("targets.doubt.season", said))
    parts.append(text("targets.doubt.registered", said))
    return " ".join(parts)


def _tested(backtest: Any, method: str, horizon: int, said: Language) -> str:
    if backtest is None:
        return text("targets.backtest.none", said)
    scores = backtest.scores
    if (method, horizon) not in scores.index:
        raise InputError(
            f"the back-test must hold {method} over {horizon} days", "another method or horizon",
            "make it with the method and the horizon of the areas",
        )  # fmt: skip
    row, counted = scores.loc[(method, horizon)], scores["hit_rate"].xs(horizon, level="horizon_days").reindex(COUNTED)
    if np.isnan(row["hit_rate"]):
        return text("targets.backtest.none", said)
    best = str(counted.idxmax())
    verdict = backtest.differences.loc[(method, best, horizon), "verdict"]
    return text(
        "targets.backtest", said, hits=percent(row["hit_rate"], said, decimals=0),
        low=percent(row["hit_rate_low"], said, decimals=0), high=percent(row["hit_rate_high"], said, decimals=0),
        area=percent(backtest.about["share"], said), baseline=text(f"method.{best}", said),
        theirs=percent(counted[best], said, decimals=0), verdict=text(f"targets.backtest.{verdict}", said),
    )  # fmt: skip


def _nearby(nearby: pd.DataFrame, ranks: pd.Index, said: Language) -> list[str]:
    """Say of each area what lies near it: how many of what."""
    wide = nearby["features"].unstack("layer")[nearby.index.unique("layer")]
    if not wide.index.equals(ranks):
        raise AlignmentError("nearby must be of these target areas", "other areas", "make it of targets.areas")
    sentences = []
    for _, row in wide.iterrows():
        some = ", ".join(f"{name} {number(n, said)}" for name, n in row[row > 0].items())
        none = ", ".join(text("targets.nearby.none", said, layer=str(name)) for name in row.index[row == 0])
        distance = number(nearby.attrs["distance_m"], said)
        sentences.append(text("targets.nearby", said, distance=distance, found="; ".join(filter(None, [some, none]))))
    return sentences


def fitting_measures(targets: Any, measures: pd.DataFrame, *, crime_type: str) -> pd.DataFrame:
    """Measures from an editable table that fit each target area; they never enter the choice of areas.

    Parameters
    ----------
    targets
        Answer of `target_areas`.
    measures
        Answer of `read_measures`.
    crime_type
        Of the incidents.

    Returns
    -------
    DataFrame
        `rank`, `sector` (empty for any), `aimed_at` and `measure`, in the order of the table.

    Raises
    ------
    InputError
        It is another result.

    Notes
    -----
    A measure fits an area always, or when the area is of the kind it names, or when near repeats are a tenth or more
    of what is expected there. One for a sector fits where that was struck in the last 365 days (`target` of the
    incidents); the sector that was struck most stands first.
    """
    if not hasattr(targets, "blocks"):
        raise InputError(
            "fitting_measures must be given target areas", type(targets).__name__, "give the answer of target_areas"
        )
    own = measures[measures["crime_type"] == crime_type]
    sector = own["sector"] if "sector" in own else pd.Series("", index=own.index)
    struck = targets.mix.reset_index()
    struck = struck[struck["column"] == "target"]
    rows = []
    for rank, row in targets.areas.drop(columns="geometry").iterrows():
        fits = {"altijd", row["kind"]} | ({"near"} if row["near"] >= NEAR_SHARE * row["expected"] else set())
        there = struck[struck["rank"] == rank].sort_values("incidents", ascending=False, kind="stable")["value"]
        for name in ("", *there.astype(str)):
            chosen = own[own["fits"].isin(fits) & (sector == name)]
            rows += [(rank, name, each.aimed_at, each.measure) for each in chosen.itertuples()]
    return pd.DataFrame(rows, columns=["rank", "sector", "aimed_at", "measure"])


def targets_said(targets: Any, language: Language) -> list[str]:
    """Say what a set of target areas holds.

    Parameters
    ----------
    targets
        Answer of `target_areas`.
    language
        "nl" or "en".
    """
    areas = targets.areas
    return [
        text(
            "words.targets", language, days=targets.horizon_days, start=day(targets.start.date(), language),
            expected=number(targets.expected, language), crime=crime(areas.attrs.get("crime_type"), language),
            n=len(areas), area=number(targets.used_ha, language),
            share_area=percent(areas["share_area"].sum(), language),
            inside=number(areas["expected"].sum(), language, decimals=1),
            share=percent(areas["share_expected"].sum(), language, decimals=0),
        ),
        text("words.targets.criterion", language),
    ]  # fmt: skip


def context_said(layers: pd.DataFrame, language: Language) -> list[str]:
    """Say near what there is more crime than the homes there lead to expect.

    Parameters
    ----------
    layers
        Answer of `context_layers`.
    language
        "nl" or "en".
    """
    sure = layers["p_fdr"] <= 0.05
    sentences = [
        text(
            "words.context", language, distance=number(layers.attrs["distance_m"], language), layer=str(name),
            n=number(row["incidents"], language), times=number(row["ratio"], language, decimals=1),
            low=number(row["ratio_low"], language, decimals=1), high=number(row["ratio_high"], language, decimals=1),
        )
        for name, row in layers[sure].iterrows()
    ]  # fmt: skip
    if not sure.all():
        sentences.append(text("words.context.same", language, layers=", ".join(layers.index[~sure].astype(str))))
    return [*sentences, text("words.context.cause", language)]

"""Small figures hidden in tables that go to everybody, together with what would give them back."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output._coarser import coarser, forms
from hicgeo.output._figures import (
    ALL,
    CARRIED,
    DAYS,
    PARTS,
    TOTALS,
    Model,
    figures_of,
    mapping_of,
    obstacles,
    police_figures,
    relate,
    span,
)
from hicgeo.output._ledger import Ledger
from hicgeo.output._suppression import Figures, ForcedError, attack, likeliest, suppress
from hicgeo.output._unasked import narrowed, parts_of, widen
from hicgeo.schema import CRIME_TYPES

THRESHOLD = 10
"""Counts from 1 to below this are small, unless another threshold is asked for."""
USEFUL = 0.90
"""Rank correlation with the unprotected figures below which a coarser table is proposed."""
MOST_HIDDEN = 0.5
"""Share of the figures of a coarser form that may be hidden for it to be proposed."""
NEUTRAL = frozenset({
    *PARTS, "name", "level", "municipality", "dwellings", "households", "residents", "businesses", "is_water",
    "vintage", "geometry", "areas", "base", "per", "coverage", "months", "area_ha", "share_area", "rank",
    "neighbourhoods", "codes", "hidden", "base_name",
})  # fmt: skip
"""Columns that say nothing about the number of incidents."""
OF_TOTAL = frozenset({"norm", "share", "share_incidents"})
"""Columns from which the total of a table can be worked out."""
OF_OTHERS = frozenset({"rate_eb", "p_fdr", "rank_low", "rank_high", "rank"})
"""Columns of a row that depend on the counts of other rows: left out of a table with hidden figures."""
OF_ALL = frozenset({"rate_low", "rate_high", "state", "p_above"})
"""Columns of a row that `hicgeo.rates` makes with the spread of all counts: missing where any figure is hidden."""
OF_ROW = frozenset({"incidents", "rate", "status"})
"""Columns that follow from the count of the row, and are hidden with it."""
PARTS_OF_DAY = ("nacht", "ochtend", "dag", "middag", "avond")
UNJUDGED = ("te klein", "onvolledig")
"""States that follow from denominators and the norm."""
TELLING = frozenset({
    "moved_border", "norm", "dispersion", "dispersion_constant", "dispersion_growth", "tested", "unmatched_incidents",
})  # fmt: skip
"""Attrs that are made with all counts: gone where any figure is hidden."""


@dataclass(frozen=True)
class Seen:
    """What anybody can say of a protected table: made from what is shown, so that it gives nothing away.

    Attributes
    ----------
    figures, hidden
        Number of figures, and of those that are hidden.
    rank_correlation
        As in the report, with guesses that fit all that is shown in the place of the true figures.
    advice
        The finest coarser form of which enough would be left, by the same guesses: "wijk", "gemeente", "year",
        "without" with a dimension, "longer" (twice the period), or "larger" where none of these would do and nothing
        coarser was tried; empty where enough is left.
    """

    figures: int
    hidden: int
    rank_correlation: float
    advice: str


@dataclass(frozen=True)
class Protected:
    """Tables in which small figures and what would give them back are hidden.

    Attributes
    ----------
    tables
        By name, each with a column `hidden`; where it is true everything that tells the count is missing.
    report
        Per table: `figures`, `small` and `hidden` (numbers of figures), `share_hidden` (of the incidents in it) and
        `rank_correlation` (Spearman, hidden figures as one tied value, with the unprotected table).
    room
        Per small figure of all tables and of earlier exports: `low` and `high`, what someone who sees everything can
        narrow it down to, and `need_low` and `need_high`, what that must leave open.
    figures
        What the ledger notes.
    threshold
        Counts from 1 to below it are small.
    revised
        Figures of earlier exports that were corrected since, and could not be held against this one.
    seen
        Per table what its readers may be told of all this: nothing that does not follow from what is shown.
    """

    tables: Mapping[str, pd.DataFrame]
    report: pd.DataFrame
    room: pd.DataFrame
    figures: pd.DataFrame
    threshold: int
    revised: int
    seen: Mapping[str, Seen]

    def to_frame(self) -> pd.DataFrame:
        """Return the report."""
        return self.report.copy()

    def _repr_html_(self) -> str:
        said = "".join(
            f"<p>{html.escape(name)}: {html.escape(each.advice)}</p>" for name, each in self.seen.items() if each.advice
        )
        return f"<p>1 - {self.threshold - 1}: hidden</p>{self.report.to_html(float_format='{:.3f}'.format)}{said}"


def protect(
    tables: Mapping[str, pd.DataFrame] | pd.DataFrame,
    *,
    threshold: int = THRESHOLD,
    keep: Collection[str] = (),
    published: Collection[str] = CRIME_TYPES,
    ledger: Ledger | None = None,
) -> Protected:
    """Hide small counts in tables for everybody, and whatever would let them be worked out.

    Parameters
    ----------
    tables
        Tables that are published together, by name, or a single one. Each has its counts in `incidents`, and says in
        its index, in the columns of `PARTS` and in its attrs (`crime_type`, `period`) what each is of; a dimension that
        it does not have, or the label "alle", means everything.
    threshold
        Counts from 1 to below it are hidden, and can still be anything between for who sees all the rest.
    keep
        Names of tables that must stay as they are.
    published
        Crime types whose counts per area and month (or longer) the police publish themselves: not hidden, and known to
        everybody. Empty: nothing is public.
    ledger
        Earlier exports, which everybody may have kept.

    Returns
    -------
    protected
        The tables with their report and the result of the attack on them.

    Raises
    ------
    DisclosureError
        A table to keep has small figures, or gives others away.
    ColumnError
        A table has no column `incidents`.
    InputError
        Rows repeat each other, tables contradict each other, a name in `keep` is unknown, or there are too many
        figures.

    Notes
    -----
    Complementary suppression by linear programmes in whole numbers (HiGHS), then an attack by a second set of
    programmes that starts from what is shown alone. A rate, interval or verdict is hidden with its count, because the
    denominator is public. It is not shown which of the hidden figures are small, and where any is hidden zeros are too:
    a zero that is shown would tell that what is hidden is more. An attacker is taken to know the
    threshold, every total, every earlier export and what the police publish, not single incidents. Where that leaves a
    small figure less room than 1 to `threshold` - 1 already, the export leaves it as much. Up to two programmes
    per small figure to protect and two to attack it: 44 areas x 12 months x 2 types with all margins take about 10 s.

    References
    ----------
    Fischetti, M., and J.J. Salazar (2001). Solving the cell suppression problem on tabular data with linear
    constraints. Management Science 47, 1008-1027. doi:10.1287/mnsc.47.7.1008.1024
    Hundepool, A., et al. (2012). Statistical Disclosure Control. Wiley. doi:10.1002/9781118348239

    Examples
    --------
    >>> import pandas as pd
    >>> parts = pd.Index(["nacht", "ochtend", "middag", "alle"], name="hour")
    >>> protect(pd.DataFrame({"incidents": [3, 20, 31, 54]}, index=parts)).tables["table"]
             incidents  hidden
    hour
    nacht          NaN    True
    ochtend        NaN    True
    middag        31.0   False
    alle          54.0   False
    """
    return _protected(mapping_of(tables), threshold, keep, published, ledger, advise=True)


def _protected(
    given: Mapping[str, pd.DataFrame],
    threshold: int,
    keep: Collection[str],
    published: Collection[str],
    ledger: Ledger | None,
    *,
    advise: bool,
) -> Protected:
    """Protect tables; without `advise` a refusal names no coarser form, for what tries such forms asks for none."""
    if unknown := sorted(set(keep) - set(given)):
        raise InputError("keep must name tables of the export", ", ".join(unknown), f"choose from {', '.join(given)}")
    if threshold < 2:
        raise InputError("threshold must be at least 2", f"{threshold}", "take 10, or what the recipient asks")
    area = ledger.area if ledger is not None else ALL
    listed_now = [figures_of(_with_total(t), name, published=published, area=area) for name, t in given.items()]
    now = pd.concat(listed_now)
    before = _relevant(ledger.figures() if ledger is not None else pd.DataFrame(), now)
    threshold = _at_least(threshold, before)

    def passes(kept: Collection[str], name: str, form: pd.DataFrame) -> bool:
        try:
            _protected({**given, name: form}, threshold, kept, published, ledger, advise=False)
        except DisclosureError:
            return False
        return True

    _refuse_small(now, given, keep, threshold, passes if advise else None)
    exported = pd.concat(
        [now.assign(past=False, shown=True, small=False), before.assign(past=True, table="", row=-1, public=False)],
        ignore_index=True,
    )
    publication = ledger.public if ledger is not None else None
    police = police_figures(exported, publication, published=published)
    told: dict[str, Any] = {"past": False, "shown": True, "small": False, "table": "", "row": -1, "public": True}
    listed = pd.concat([exported, police.assign(**told)], ignore_index=True)
    model = relate(listed, threshold, list(keep))
    try:
        hidden = _hidden(model, threshold)
    except ForcedError as error:
        raise _forced(model, error.figure, threshold, keep) from None
    room = attack(model.figures, threshold, hidden)
    if not room.safe.all():
        raise DisclosureError(
            "no small figure may be worked out from what is shown",
            f"{int((~room.safe).sum())} of {len(room.safe)} can be narrowed down",
            "leave these tables out; whether larger areas, a longer period or fewer types pass has not been tried",
        )
    ends = model.listed["table"].map({name: len(table) for name, table in given.items()})
    told_by_norm = (model.listed["row"] >= ends).to_numpy(bool)  # which may not be there to read
    unseen = hidden | told_by_norm
    of_police = model.listed["public"].astype(bool) & ~model.listed["past"].astype(bool)
    read = ((model.listed["row"] >= 0) | of_police).to_numpy(bool)
    guesses = []  # only of what is hidden
    if hidden[(model.listed["row"] >= 0).to_numpy()].any():
        guesses = [likeliest(model.figures, threshold, unseen, read, most=most) for most in (None, 1, 0)]
    masked, rows, seen = {}, {}, {}

    def enough(form: pd.DataFrame) -> bool:
        return _left(form, threshold, published) >= USEFUL

    for name, table in given.items():
        ours = (model.listed["table"] == name).to_numpy() & (model.listed["row"] >= 0).to_numpy()
        place = model.listed["row"][ours].to_numpy()
        mask = np.zeros(len(table) + 1, dtype=bool)  # the last place is for a total that is only implied
        mask[np.minimum(place, len(table))] = hidden[ours]
        secret = not model.listed["public"][ours].all()
        masked[name] = _masked(table, mask, secret=secret)
        counts = table["incidents"].to_numpy(float)
        rows[name] = {
            "figures": int(ours.sum()),
            "small": int(model.figures.small[ours].sum()),
            "hidden": int(hidden[ours].sum()),
            "share_hidden": _share(counts, mask[: len(table)], table),
            "rank_correlation": rank_correlation(counts, mask[: len(table)], threshold),
        }
        numbers = [counts.copy() for _ in guesses]
        for each, by in zip(numbers, guesses, strict=True):
            each[place[place < len(table)]] = by[ours][place < len(table)]
        rank = rank_correlation(numbers[0], mask[: len(table)], threshold) if numbers else 1.0
        seen[name] = Seen(
            figures=int(np.isfinite(counts).sum()),
            hidden=int(mask[: len(table)].sum()),
            rank_correlation=rank,
            advice=coarser(table, numbers, enough) if rank < USEFUL else "",
        )
    small = model.listed[model.figures.small]
    dims = [each for each in model.listed.columns if each not in CARRIED]
    bounds = {each: getattr(room, each) for each in ("low", "high", "need_low", "need_high")}
    # what stood in for the police's own figures is kept too: it cannot be found again from what is shown
    own = (model.listed["row"] == -1) & ~model.listed["past"].astype(bool) & (publication is None)
    noted = model.listed[(model.listed["row"] >= 0) | own]
    return Protected(
        tables=masked,
        report=pd.DataFrame.from_dict(rows, orient="index").rename_axis("table"),
        room=small[["table", *dims]].assign(**bounds).reset_index(drop=True),
        figures=noted[[*dims, "value"]].assign(
            shown=~hidden[noted.index], small=model.figures.small[noted.index], below=threshold
        ),
        threshold=threshold,
        revised=model.revised,
        seen=seen,
    )


def unchecked(table: pd.DataFrame) -> list[str]:
    """What keeps a table with counts that the police do not publish from being checked, and so from being shown.

    Parameters
    ----------
    table
        With its counts in `incidents`.
    """
    figures = figures_of(table, "table", published=CRIME_TYPES)
    if figures["public"].all():
        return []
    known = NEUTRAL | OF_TOTAL | OF_OTHERS | OF_ALL | OF_ROW
    more = [f"what {each!r} tells of the counts" for each in map(str, table.columns) if each not in known]
    return obstacles(figures) + more


def still_safe(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Whether figures that were protected are so beside others that became public in the meantime.

    Parameters
    ----------
    ours, theirs
        Answer of `Ledger.claim`.
    """
    if ours.empty or theirs.empty:
        return True
    told = {"table": "now", "row": range(len(ours)), "past": False, "public": False}
    before = _relevant(theirs, ours).assign(past=True, table="", row=-1, public=False)
    listed = pd.concat([ours.assign(**told), before], ignore_index=True)
    threshold = _at_least(2, listed)
    model = relate(listed, threshold, [])
    hidden = model.hidden | (~model.listed["shown"].to_numpy(bool) & model.figures.hideable)
    return bool(attack(model.figures, threshold, hidden).safe.all()) and not len(
        narrowed(model.figures, parts_of(model), threshold, hidden)
    )


def rank_correlation(counts: Any, hidden: Any, threshold: float) -> float:
    """Spearman correlation of protected counts with the true ones, hidden ones tied at half the threshold.

    Parameters
    ----------
    counts
        True counts; missing ones are left out.
    hidden
        Which are not shown.
    threshold
        Counts from 1 to below it are small.

    Examples
    --------
    >>> rank_correlation([1, 20, 30], [True, False, False], 10)
    1.0
    """
    true, mask = np.asarray(counts, float), np.asarray(hidden, bool)
    known = ~np.isnan(true)
    seen = pd.Series(np.where(mask, threshold / 2, true)[known]).rank()
    real = pd.Series(true[known]).rank()
    if not mask.any() or real.nunique() < 2:
        return 1.0
    return float(real.corr(seen)) if seen.nunique() > 1 else 0.0


def _left(table: pd.DataFrame, threshold: float, published: Collection[str]) -> float:
    """Rank correlation of a table with itself after protection, without earlier exports; 0 when little is left."""
    if len(table.drop(list(TOTALS), errors="ignore")) < 2:  # one figure has no order
        return 0.0
    told: dict[str, Any] = {"past": False, "shown": True, "small": False}
    listed = figures_of(_with_total(table), "table", published=published).assign(**told)
    model = relate(listed, threshold, [])
    hidden = _hidden(model, threshold)[: len(listed)]
    if hidden.mean() > MOST_HIDDEN:  # guesses that are all alike have an order that is easily kept
        return 0.0
    return rank_correlation(listed["value"], hidden, threshold)


def _hidden(model: Model, threshold: float) -> Any:
    """What must be hidden of the figures of a model; ForcedError where what must be shown stands in the way."""
    hidden = _with_zeros(model.figures, model.hidden)
    hidden = _with_zeros(model.figures, suppress(model.figures, threshold, hidden))
    return _with_zeros(model.figures, widen(model.figures, parts_of(model), threshold, hidden))


def _refuse_small(
    now: pd.DataFrame,
    given: Mapping[str, pd.DataFrame],
    keep: Collection[str],
    threshold: float,
    passes: Callable[[Collection[str], str, pd.DataFrame], bool] | None,
) -> None:
    """Refuse to keep a table that has small figures which the police do not publish; name forms of it that pass."""
    value = now["value"].to_numpy(float)
    small = ~now["public"].to_numpy(bool) & (value > 0) & (value < threshold)
    wrong = list(dict.fromkeys(now["table"][small & now["table"].isin(list(keep)).to_numpy()]))
    if not wrong:
        return
    coarse, others = [], set(keep) - set(wrong)
    for name in wrong:
        fit = [
            SAID.get(form, form)
            for form, made in forms(given[name], given[name]["incidents"].to_numpy(float))
            if form != "longer" and passes is not None and passes({*others, name}, name, made)
        ]
        coarse += [f"make {name} {' or '.join(fit)}"] if fit else []
    rest = "the table" if len(wrong) == 1 else "of these tables every other one"
    raise DisclosureError(
        f"a table that is kept as it is must have no figures from 1 to {threshold - 1}",
        "; ".join(f"{int((small & (now['table'] == name).to_numpy()).sum())} in {name}" for name in wrong),
        ", or ".join([*coarse, f"leave {rest} out, or let its figures be hidden"]),
    )


SAID = {"wijk": "per wijk", "gemeente": "per gemeente", "year": "per year"}


def _forced(model: Model, figure: int, threshold: float, keep: Collection[str]) -> DisclosureError:
    """What to say when tables that must be shown give a small figure away: which, by which, and what was tried."""
    listed, helps = model.listed, []
    for name in keep:
        freed = replace(model.figures, forced=model.figures.forced & (listed["table"] != name).to_numpy())
        try:
            _hidden(replace(model, figures=freed), threshold)
        except ForcedError:
            continue
        helps.append(name)
    shown = listed[model.figures.forced & (listed["table"].isin(helps or list(keep))).to_numpy()]
    parts = {name: [_label(row) for _, row in part.iterrows()] for name, part in shown.groupby("table", sort=False)}
    told = [f"{name} ({', '.join(each[:MOST])}{' ...' if len(each) > MOST else ''})" for name, each in parts.items()]
    where = "a combination that stands in none of the tables"
    if figure < len(listed):
        where = f"{_label(listed.iloc[figure])} in {listed['table'].iloc[figure] or 'what follows from the tables'}"
    one = f"without {' or '.join(helps)} it passes: leave it out, or let its figures be hidden"
    return DisclosureError(
        "the figures that must be shown must not give a small one away",
        f"{where} can be narrowed down from what must be shown: {'; '.join(told)}",
        one if helps else "let the figures of all these tables be hidden; whether fewer will do has not been tried",
    )


MOST = 5
"""Figures of a table that an error names."""


def _label(row: pd.Series) -> str:
    """What a figure is of, never how many."""
    return " ".join(str(row[name]) for name in row.index if name not in CARRIED and row[name] != ALL) or "the total"


def _with_zeros(figures: Figures, hidden: Any) -> Any:
    """Hide the zeros of an export in which anything is hidden, else who sees zeros knows that the hidden are more."""
    if not (hidden & figures.hideable).any():
        return hidden
    return hidden | (figures.hideable & ~figures.forced & (figures.values == 0))


def _at_least(threshold: int, before: pd.DataFrame) -> int:
    """Threshold that also keeps what was promised to earlier exports that hang together with this one."""
    if "below" not in before or before.empty:
        return threshold
    return max(threshold, int(before["below"].fillna(0).max()))


def _relevant(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Figures of earlier exports that hang together with those of now, step by step: by type, period and place."""
    if before.empty:
        return pd.DataFrame(columns=["value", "shown", "small"])
    before = before.drop_duplicates(ignore_index=True)
    fits, more = pd.Series(False, index=before.index), pd.Series(True, index=before.index)
    while more.any():
        taken = pd.concat([now, before[fits]], ignore_index=True)
        more = ~fits
        for name in ("crime_type", "code", "time"):
            if name in before and name in taken:
                more &= _meets(before[name].fillna(ALL), set(taken[name].fillna(ALL)), name)
        fits |= more
    return before[fits].reset_index(drop=True)


def _meets(theirs: pd.Series, ours: set[str], name: str) -> pd.Series:
    """Whether labels of a dimension have anything in common with ours."""
    if ALL in ours:
        return pd.Series(True, index=theirs.index)
    if name == "time":
        spans = [span(each) for each in ours]
        met = {t: t == ALL or any(a < span(t)[1] and span(t)[0] < b for a, b in spans) for t in theirs.unique()}
        return theirs.map(met).astype(bool)
    if name == "code":
        towns = {part[2:6] for each in ours for part in each.split("+")}
        met = {t: t == ALL or any(part[2:6] in towns for part in t.split("+")) for t in theirs.unique()}
        return theirs.map(met).astype(bool)
    return theirs.isin(ours | {ALL})


def _with_total(table: pd.DataFrame) -> pd.DataFrame:
    """Add the total as a row when a column tells it: a norm or a share is a total in disguise."""
    told = [each for each in OF_TOTAL if each in table.columns and table[each].notna().any()]
    key = next((each for each in table.index.names if each in PARTS), None)
    if not told or key is None or table.index.nlevels > 1 or table.index.isin(["alle", "region"]).any():
        return table
    row = pd.DataFrame({"incidents": [table["incidents"].sum()]}, index=pd.Index(["alle"], name=key))
    total = pd.concat([table[["incidents", *[each for each in PARTS if each in table.columns]]], row])
    total.attrs = table.attrs
    return total


def _masked(table: pd.DataFrame, mask: Any, *, secret: bool) -> pd.DataFrame:
    """Table without what tells a hidden count; the last place of the mask is of the total that columns tell."""
    out, implied, mask = table.copy(), mask[-1], mask[:-1]
    if not secret:
        return out
    if mask.any() or implied:
        out = out.drop(columns=[each for each in out.columns if each in OF_OTHERS])
        out.attrs = {key: value for key, value in out.attrs.items() if key not in TELLING}
    for name in out.columns:
        if name in NEUTRAL:
            continue
        column = out[name]
        if name == "state" and mask.any() and not implied:
            column = column.where(column.isin(UNJUDGED))
        elif (name in OF_ALL and (mask.any() or implied)) or (name in OF_TOTAL and implied):
            column = column.where(np.zeros(len(out), dtype=bool))
        if pd.api.types.is_integer_dtype(column) and not pd.api.types.is_extension_array_dtype(column):
            column = column.astype("float64")
        out[name] = column.mask(mask)
    out["hidden"] = mask
    return _in_order(out) if mask.any() else out


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of their labels, totals last: the order in which they came may be that of the counts."""
    place: dict[str, float] = {
        **{day: float(n) for day, n in DAYS.items()},
        **{each: n for n, each in enumerate(PARTS_OF_DAY)},
    }

    def key(label: Any) -> tuple[Any, ...]:
        text = str(label)
        if text.lower() in TOTALS:
            return (2, 0.0, text)
        number = place.get(text.lower(), float(text) if text.isdigit() else None)
        return (1, 0.0, text) if number is None else (0, number, text)

    keys = [[key(each) for each in (label if isinstance(label, tuple) else (label,))] for label in table.index]
    sides = [[key(each) for each in table[name]] for name in PARTS if name in table]
    order = sorted(range(len(table)), key=lambda row: (keys[row], [side[row] for side in sides]))
    return table.iloc[order]


def _share(counts: Any, mask: Any, table: pd.DataFrame) -> float:
    """Share of the incidents in the finest rows of a table that is hidden."""
    labels = [table.index.get_level_values(n) for n in range(table.index.nlevels)]
    total = np.zeros(len(table), dtype=bool)
    for each in labels:
        total |= np.asarray(each.astype(str).isin(TOTALS))
    fine = ~total & ~np.isnan(counts)
    everything = counts[fine].sum()
    return float(counts[fine & np.asarray(mask)].sum() / everything) if everything else 0.0

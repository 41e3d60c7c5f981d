"""What the figures of tables have to do with each other: areas within areas, months within years, parts of a total."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hicgeo.errors import ColumnError, InputError
from hicgeo.output._suppression import Figures, feasible
from hicgeo.schema import CODE_PATTERN

if TYPE_CHECKING:
    import numpy.typing as npt

ALL = "*"
"""A dimension that a table does not have: the figure is of everything."""
TOTALS = ("*", "alle", "totaal", "region", "regio", "all", "total")
TIMES = ("month", "year", "period", "week", "day")
PARTS = (
    "code", "crime_type", *TIMES, "hour", "weekday", "hour_of_week", "target", "direct_victim", "attempted",
    "dwelling_type", "modus", "cell",
)  # fmt: skip
"""Columns that say what a count is of, also when they are not in the index."""
MAX_ATOMS = 300_000
CARRIED = ("table", "row", "value", "shown", "small", "past", "public", "below")
SAME = {"hour_of_day": "hour", "day_of_week": "weekday"}
"""Other names of a dimension."""
CHECKED = frozenset({"code", "crime_type", "time", "hour", "weekday", "target", "direct_victim", "attempted",
                     "dwelling_type", "modus"})  # fmt: skip
"""Dimensions of which it is known how their labels have to do with each other: within the dimension only."""
DAYS = {
    name: str(place)
    for names in ("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "ma di wo do vr za zo",
                  "monday tuesday wednesday thursday friday saturday sunday", "mon tue wed thu fri sat sun")
    for place, name in enumerate(names.split())
}  # fmt: skip
_AREAS = re.compile(rf"(?:{CODE_PATTERN.strip('^$')})(?:\+GM\d{{4}})*")
"""One area, or all municipalities of a run together."""


def figures_of(table: pd.DataFrame, name: str, *, published: Iterable[str], area: str = ALL) -> pd.DataFrame:
    """List the figures of one table: what each is of, and how many.

    Parameters
    ----------
    table
        With a column `incidents`; its named index levels, the columns that say what a count is of, and
        `attrs["crime_type"]` and `attrs["period"]` tell the figures apart.
    name
        Of the table.
    published
        Crime types that the police publish themselves.
    area
        What a table without areas, and the total of one with areas, is of.

    Returns
    -------
    figures
        One row per figure that is not missing: `table`, `row` (place in the table), `value`, `public`, and a column
        per dimension (text; "*" is everything).

    Raises
    ------
    ColumnError
        There is no column `incidents`.
    InputError
        Two rows are of the same.
    """
    if "incidents" not in table:
        raise ColumnError(
            "a table whose small figures are to be hidden must have its counts in a column 'incidents'",
            f"{name}: {', '.join(map(str, table.columns))}",
            "add the counts, or leave the table out",
        )
    levels = {str(n): table.index.get_level_values(n) for n in table.index.names if n is not None}
    named: dict[str, Any] = {**{part: table[part] for part in PARTS if part in table.columns}, **levels}
    named.pop("rank", None)
    dims = {SAME.get(key, key): _labels(values) for key, values in named.items() if key not in TIMES}
    if "hour_of_week" in dims:  # the hour of a weekday, so that it is one with tables by hour and by weekday
        weeks = dims.pop("hour_of_week")
        parted = [(ALL, ALL) if each == ALL else divmod(int(float(each)), 24) for each in weeks]
        for key, part in (("weekday", 0), ("hour", 1)):
            dims[key] = np.array([str(each[part]) for each in parted], dtype=object)
    if "weekday" in dims:
        dims["weekday"] = np.array([DAYS.get(each.lower(), each) for each in dims["weekday"]], dtype=object)
    if area != ALL:
        codes = dims.get("code", np.full(len(table), ALL, dtype=object))
        dims["code"] = np.where(codes == ALL, area, codes).astype(object)
    times = [key for key in TIMES if key in named]
    if times:
        dims["time"] = _times(_labels(named[times[0]]))
    elif (period := table.attrs.get("period")) is not None:
        label = period if isinstance(period, str) else "/".join(map(str, period))
        dims["time"] = _times(np.full(len(table), label, dtype=object))
    if "crime_type" not in dims and table.attrs.get("crime_type"):
        dims["crime_type"] = np.full(len(table), str(table.attrs["crime_type"]))
    listed = pd.DataFrame({key: pd.Series(values, dtype=object) for key, values in dims.items()})
    listed = listed.reindex(range(len(table))).fillna(ALL) if len(dims) else pd.DataFrame(index=range(len(table)))
    counts = pd.to_numeric(pd.Series(table["incidents"].to_numpy(float)))
    known = listed.assign(value=counts)[counts.notna().to_numpy()]
    # a total of one part is that part again, which is no fault
    twice = known.drop_duplicates().duplicated(list(dims)) if dims else pd.Series([known["value"].nunique() > 1])
    if twice.any():
        raise InputError(
            "every row of a table must be of something else",
            f"{name}: {int(twice.sum())} rows are of the same as another",
            "put what tells them apart in the index",
        )
    whole = bool((known["value"] == known["value"].round()).all())  # the police publish no parts of incidents
    public = _public(listed, set(published)) & whole
    listed = listed.assign(table=name, row=range(len(table)), value=counts, public=public)
    return listed[counts.notna().to_numpy()]


def obstacles(figures: pd.DataFrame) -> list[str]:
    """What stands in the way of checking figures against each other, and against what was published before.

    Parameters
    ----------
    figures
        Answer of `figures_of`.
    """
    if figures["public"].all():
        return []
    found = [f"what {each!r} is" for each in figures.columns if each not in CHECKED and each not in CARRIED]
    lacking = {"time": "period", "crime_type": "crime_type"}
    found += [f"of what {said} (in attrs[{said!r}])" for dim, said in lacking.items() if dim not in figures]
    for dim in ("hour", "weekday"):
        plain = {label.isdigit() for label in figures.get(dim, pd.Series(dtype=object)) if label != ALL}
        if len(plain) > 1:
            found.append(f"how the labels of {dim!r} overlap")
    return found


def _labels(values: Any) -> npt.NDArray[np.object_]:
    text = np.array([ALL if v is None or v is pd.NA or v != v else str(v) for v in values], dtype=object)
    text[np.isin(text, TOTALS)] = ALL
    return text


def _times(labels: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Labels of periods in one spelling; a total is of all periods of the table."""
    spans = {label: span(label) for label in dict.fromkeys(labels) if label != ALL}
    spelled = {label: _spell(*ends) for label, ends in spans.items()}
    if spans:
        spelled[ALL] = _spell(min(first for first, _ in spans.values()), max(end for _, end in spans.values()))
    return np.array([spelled.get(label, ALL) for label in labels], dtype=object)


def _spell(first: int, end: int) -> str:
    """Label of the days from `first` up to `end`: a year or a month where it is one.

    Examples
    --------
    >>> _spell(*span("2024-03/2024-03")), _spell(*span("2024-01/2024-12")), _spell(*span("2024-W05"))
    ('2024-03', '2024', '2024-01-29/2024-02-04')
    """
    a, b = date.fromordinal(first), date.fromordinal(end - 1)
    for short in (f"{a:%Y}", f"{a:%Y-%m}", f"{a:%Y-%m}/{b:%Y-%m}"):
        if span(short) == (first, end):
            return short
    return f"{a}/{b}"


def _public(listed: pd.DataFrame, published: set[str]) -> npt.NDArray[np.bool_]:
    """Whether the police publish a figure themselves: per area, month or longer, and type that they publish."""
    if set(listed.columns) - {"code", "crime_type", "time"} or "crime_type" not in listed:
        return np.zeros(len(listed), dtype=bool)  # all types of an export together are no figure of the police
    fine = np.array(listed["crime_type"].isin(published), dtype=bool)
    if "code" in listed:
        fine &= (listed["code"].eq(ALL) | listed["code"].str.fullmatch(_AREAS)).to_numpy(bool)
    if "time" in listed:
        spans = {label: span(label) for label in listed["time"].unique() if label != ALL}
        monthly = {
            k for k, (first, end) in spans.items() if date.fromordinal(first).day == date.fromordinal(end).day == 1
        }
        fine &= listed["time"].isin(monthly | {ALL}).to_numpy(bool)
    return fine


def span(label: str) -> tuple[int, int]:
    """First day of a period and the day after its last, as ordinal numbers.

    Parameters
    ----------
    label
        A year, quarter, month, ISO week or day, or two of these with a slash between.

    Raises
    ------
    InputError
        It is none of these.

    Examples
    --------
    >>> first, end = span("2024-02")
    >>> end - first
    29
    >>> span("2024-01/2024-12") == span("2024")
    True
    """
    ends = label.split("/")
    try:
        if len(ends) == 2 and not re.fullmatch(r"\d\d", ends[1]):
            return span(ends[0])[0], span(ends[1])[1]
        if week := re.fullmatch(r"(\d{4})-?W(\d\d)", label):
            first = date.fromisocalendar(int(week[1]), int(week[2]), 1)
            return first.toordinal(), (first + timedelta(days=7)).toordinal()
        period = pd.Period(label)
        return period.start_time.date().toordinal(), (period + 1).start_time.date().toordinal()
    except ValueError:
        raise InputError(
            "a period must be a year, quarter, month, week or day, or two with a slash between",
            repr(label),
            'such as "2024", "2024-03" or "2024-01/2024-06"',
        ) from None


Leaves = dict[str, dict[str, "npt.NDArray[np.intp]"]]
"""Per dimension: label to the places of its parts."""


@dataclass(frozen=True)
class Model:
    """Figures as the programmes take them, and the list that they came from.

    Attributes
    ----------
    figures
        For `suppress` and `attack`.
    hidden
        What is hidden to begin with.
    listed
        The figures in the same order; `row` is -1 for those of earlier exports and for what follows from others.
    revised
        Earlier figures that no longer fit, because the data were corrected since.
    leaves, kept
        Per dimension the parts of every label, and which combinations of them are an atom.
    """

    figures: Figures
    hidden: npt.NDArray[np.bool_]
    listed: pd.DataFrame
    revised: int
    leaves: Leaves
    kept: npt.NDArray[np.intp]


def relate(listed: pd.DataFrame, threshold: float, keep: Sequence[str]) -> Model:
    """Write every figure as a sum of atoms: the finest parts that areas, periods and categories make together.

    Parameters
    ----------
    listed
        Figures of all tables and of earlier exports: dimensions, `table`, `row`, `value`, `public`, and `past` (of an
        earlier export), `shown` and `small` (as it was then).
    threshold
        Counts from 1 to below it are small.
    keep
        Tables all of whose figures must be shown.

    Raises
    ------
    InputError
        The tables contradict each other, or are too many to check together.

    Notes
    -----
    Where parts add up to their total an attacker may take them to be complete; where they do not, something else
    belongs to the total too, and that is an atom of its own. What follows from the figures and is of something that
    none of them is of (a month from two year-to-dates, the rest of a district, a sum over a dimension) counts as a
    figure that must stay hidden when it is small.
    """
    dims = [name for name in listed.columns if name not in CARRIED]
    listed = listed.reset_index(drop=True)
    for name in dims:
        listed[name] = listed[name].fillna(ALL)
    listed, solved, revised = _reconciled(listed, dims)
    kept, atoms, leaves = solved
    implied = pd.concat([_nameless(listed, dims, leaves), _summed(listed, dims, leaves)], ignore_index=True)
    implied = implied.drop_duplicates(dims)
    if len(implied):
        implied["value"] = members_of(implied, dims, leaves)[:, kept] @ atoms
        implied = implied[implied["value"].between(0, threshold, inclusive="neither")]
        there = pd.MultiIndex.from_frame(listed[dims])
        implied = implied[~pd.MultiIndex.from_frame(implied[dims]).isin(there)]
        listed = pd.concat([listed, implied], ignore_index=True)
    members = members_of(listed, dims, leaves)[:, kept]
    return Model(*_flags(listed, members, atoms, threshold, keep), listed, revised, leaves, kept)


Solved = tuple["npt.NDArray[np.intp]", "npt.NDArray[np.float64]", "Leaves"]


def _reconciled(listed: pd.DataFrame, dims: list[str]) -> tuple[pd.DataFrame, Solved, int]:
    """Figures that one set of incidents can give, that set, and how many earlier figures had to go for it.

    What the police publish may be counted in another way (incidents without a place), and earlier figures may have been
    corrected since: neither then says anything exact about this export.
    """
    told = (listed["public"] & (listed["row"] == -1) & ~listed["past"]).to_numpy(bool)
    for names in (listed, listed[~told]):
        if (solved := _solve_atoms(names.reset_index(drop=True), dims)) is not None:
            return names.reset_index(drop=True), solved, 0
    now = listed[~listed["past"].astype(bool) & ~told].set_index(dims)["value"]
    now = now[~now.index.duplicated()]
    for police in (listed, listed[~told]):
        keys = pd.MultiIndex.from_frame(police[dims]) if len(dims) > 1 else pd.Index(police[dims[0]])
        newest, value = now.reindex(keys).to_numpy(float), police["value"].to_numpy(float)
        past, shown = police["past"].to_numpy(bool), police["shown"].to_numpy(bool)
        differs = past & ~np.isnan(newest) & (newest != value)
        corrected = police.assign(value=np.where(differs, newest, value))  # of what stays hidden
        for wrong in (differs & shown, past & shown, past):
            left = corrected[~wrong].reset_index(drop=True)
            if wrong.any() and (solved := _solve_atoms(left, dims)) is not None:
                return left, solved, int(wrong.sum())
    raise InputError(
        "the tables of an export must be counts of the same incidents",
        "figures that no single set of incidents gives",
        "make them from one count table",
    )


def _flags(
    listed: pd.DataFrame, members: Any, atoms: npt.NDArray[np.float64], threshold: float, keep: Sequence[str]
) -> tuple[Figures, npt.NDArray[np.bool_]]:
    values = listed["value"].to_numpy(float)
    past, follows = listed["past"].to_numpy(bool), listed["row"].to_numpy() == -2
    public, shown = listed["public"].to_numpy(bool), listed["shown"].to_numpy(bool)
    little = (values > 0) & (values < threshold)
    was_small = past & ~shown & listed["small"].to_numpy(bool)
    known = (past & shown) | (public & ~follows & ~past)
    small = np.where(past, was_small & little, little & ~public)
    figures = Figures(
        members=members,
        values=values,
        atoms=atoms,
        small=np.asarray(small, dtype=bool),
        known=known,
        forced=np.asarray(listed["table"].isin(keep).to_numpy() & ~past & ~known & ~small),
        hideable=~past & ~follows & ~known,
        whole=bool((values == np.rint(values)).all()),
    )
    dims = [name for name in listed.columns if name not in CARRIED]
    kept_back = pd.MultiIndex.from_frame(listed[dims][past & ~shown])
    again = pd.MultiIndex.from_frame(listed[dims]).isin(kept_back) & figures.hideable & ~figures.forced
    # what was hidden once stays hidden, so that the same export again is the same file
    return figures, np.asarray(figures.small | (past & ~shown) | follows | again)


# atoms


def _solve_atoms(
    listed: pd.DataFrame, dims: list[str]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], Leaves] | None:
    """Find atoms that add up to every figure, with as little outside the named parts as will do."""
    values = listed["value"].to_numpy(float)
    whole = bool((values == np.rint(values)).all())
    nested = [d for d in dims if d != "time" and _has_parts(d, listed[d].unique())]
    for size in sorted({0, 1, len(nested)} & set(range(len(nested) + 1))):
        for rest in itertools.combinations(nested, size):
            leaves = {d: _leaves(d, listed[d].unique(), rest=d in rest) for d in dims}
            members = members_of(listed, dims, leaves)
            kept = np.flatnonzero(np.asarray(members.sum(axis=0)).ravel() > 0)  # what no figure holds says nothing
            atoms = feasible(members[:, kept], values, whole=whole)
            if atoms is not None:
                return kept, atoms, leaves
    return None


def _has_parts(dim: str, labels: Iterable[str]) -> bool:
    labels = set(labels)
    return (ALL in labels and len(labels) > 1) or (
        dim == "code" and any(p in labels for c in labels for p in [*_above(c), *_joint(c, labels)])
    )


def _joint(code: str, labels: Iterable[str]) -> list[str]:
    """Which labels are several municipalities together that an area lies in."""
    return [label for label in labels if "+" in label and _inside(code, label)]


def _inside(code: str, area: str) -> bool:
    """Whether an area lies in a larger one."""
    parts = tuple(part[2:] for part in area.split("+"))
    return code != area and all(part[2:].startswith(parts) for part in code.split("+"))


def _above(code: str) -> list[str]:
    """Codes of the larger areas that an area lies in."""
    if not re.match(CODE_PATTERN, code):
        return []
    return [f"WK{code[2:8]}"] * (code[:2] == "BU") + [f"GM{code[2:6]}"] * (code[:2] in ("BU", "WK"))


def _leaves(dim: str, labels: npt.NDArray[np.object_], *, rest: bool) -> dict[str, npt.NDArray[np.intp]]:
    """Parts of every label of a dimension; with `rest` a label with parts has something besides them."""
    named = sorted(str(label) for label in labels if label != ALL)
    if dim == "time":
        spans = {label: span(label) for label in named}
        days = sorted({day for ends in spans.values() for day in ends})
        # stretches of time that lie in the same periods are one part: the rest of a year, before and after a month
        held = [tuple(label for label, (a, b) in spans.items() if a <= first < b) for first in days[:-1]]
        parts = [each for each in dict.fromkeys(held) if each]
        found = {label: np.array([n for n, each in enumerate(parts) if label in each], np.intp) for label in spans}
        count = len(parts)
    else:
        below: dict[str, list[str]] = {label: [] for label in named}
        for label in named if dim == "code" else []:
            for above in [*_above(label), *_joint(label, named)]:
                if above in below:
                    below[above].append(label)
        ends = [label for label in named if not below[label]]
        place_of = {label: [n] for n, label in enumerate(ends)}
        count = len(ends)
        sizes = {"WK": 1, "GM": 2}
        for label in sorted(below, key=lambda each: (sizes.get(each[:2], 0), each.count("+"))):
            if below[label]:
                own = {n for part in below[label] for n in place_of[part]}
                if rest:
                    own.add(count)
                    count += 1
                place_of[label] = sorted(own)
        found = {label: np.array(places, dtype=np.intp) for label, places in place_of.items()}
    if ALL in labels:
        found[ALL] = np.arange(max(1, count + (rest and count > 0)), dtype=np.intp)
    return found


def size_of(leaves: Leaves, dim: str) -> int:
    return 1 + max(int(places.max()) for places in leaves[dim].values())


def members_of(listed: pd.DataFrame, dims: list[str], leaves: Leaves) -> Any:
    """Matrix of which atom belongs to which figure, before what no figure holds is left out."""
    from scipy import sparse

    shape = tuple(size_of(leaves, d) for d in dims) or (1,)
    labels = listed[dims].to_numpy(object) if dims else np.empty((len(listed), 0), dtype=object)
    sets = []
    for row in labels:
        parts = [leaves[d][label] for d, label in zip(dims, row, strict=True)]
        sets.append(np.ravel_multi_index(np.ix_(*parts), shape).ravel() if parts else np.zeros(1, dtype=np.intp))
    lengths = [len(each) for each in sets]
    if np.prod(shape, dtype=float) > MAX_ATOMS or sum(lengths) > 50 * MAX_ATOMS:
        raise InputError(
            "the tables of one export must be few enough to check together",
            f"{np.prod(shape, dtype=float):,.0f} combinations of what they are of",
            "export fewer dimensions together, or a shorter period",
        )
    return sparse.csr_array(
        (np.ones(sum(lengths)), np.concatenate(sets), np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(listed), int(np.prod(shape))),
    )


_FOLLOWS = {"table": "", "row": -2, "past": False, "shown": False, "small": False, "public": False}


def _nameless(listed: pd.DataFrame, dims: list[str], leaves: Leaves) -> pd.DataFrame:
    """Figures that nobody publishes and that follow from others: parts without a label of their own."""
    rows = [listed.iloc[:0]]
    secret = listed[~listed["public"].to_numpy(bool)]
    for dim in dims:
        own = {int(places[0]) for places in leaves[dim].values() if len(places) == 1}
        for place in sorted(set(range(size_of(leaves, dim))) - own):
            wide = secret[[place in leaves[dim][each] for each in secret[dim]]]
            leaves[dim][f"{ALL}{place}"] = np.array([place], dtype=np.intp)
            rows.append(wide.assign(**{dim: f"{ALL}{place}", **_FOLLOWS}))
    return pd.concat(rows).drop_duplicates(dims)


def _summed(listed: pd.DataFrame, dims: list[str], leaves: Leaves) -> pd.DataFrame:
    """Figures that follow from adding up the rows of a table: over every set of its dimensions, and to larger areas."""
    rows = [listed.iloc[:0]]
    secret = listed[~listed["public"].to_numpy(bool) & (listed["row"] >= 0).to_numpy()]
    for name, table in secret.groupby("table", sort=False):
        wider: dict[str, list[dict[str, str]]] = {}
        for dim in dims:
            labels = [str(each) for each in table[dim].unique() if each != ALL]
            if len(labels) < 2:
                continue
            steps = [dict.fromkeys(labels, f"{ALL}{name}")]
            if dim == "code":
                steps += [{c: _above(c)[n] if n < len(_above(c)) else c for c in labels} for n in (0, 1)]
            for step in steps:
                for label in set(step.values()) - set(leaves[dim]):
                    inside = [leaves[dim][part] for part, whole in step.items() if whole == label]
                    leaves[dim][label] = np.unique(np.concatenate(inside))
            wider[dim] = steps
        for size in range(1, len(wider) + 1):
            for chosen in itertools.combinations(wider, size):
                for taken in itertools.product(*(wider[dim] for dim in chosen)):
                    summed = {d: table[d].map(step).fillna(table[d]) for d, step in zip(chosen, taken, strict=True)}
                    rows.append(table.assign(**summed, **_FOLLOWS).drop_duplicates(dims))
    return pd.concat(rows).drop_duplicates(dims)


def police_figures(now: pd.DataFrame, counts: pd.DataFrame | None, *, published: Iterable[str]) -> pd.DataFrame:
    """What the police's own publication says about the areas, periods and types of an export.

    Parameters
    ----------
    now
        Figures of the export, and of earlier ones.
    counts
        Count table as published; without it what follows for the export itself from its tables.
    published
        Crime types that the police publish.

    Notes
    -----
    Only sums over the areas and periods of the export matter: what is finer leaves the same freedom to what is hidden.
    Without `counts` the sum of a table over its other dimensions stands in, where it has at least two categories of
    each: with one (direct victims only, say) it is no published figure.
    """
    types = set(published)
    secret = now[~now["public"].to_numpy(bool)]
    dims = [name for name in now.columns if name not in CARRIED]
    place = [name for name in ("code", "time", "crime_type") if name in dims]
    if not types or not place or secret.empty:
        return secret.iloc[:0]
    if counts is not None:
        return _sums(secret, counts, types, [name for name in ("code", "time") if name in dims])
    found = []
    for _, table in secret[~secret["past"].astype(bool)].groupby("table", sort=False):
        used = [name for name in dims if table[name].notna().any()]
        other = [name for name in used if name not in place]
        table = table[~table[other].eq(ALL).any(axis="columns")] if other else table
        if not other or table.empty or any(table[name].nunique() < 2 for name in other):
            continue
        keys = [name for name in used if name in place]
        total = table["value"].sum() if not keys else table.groupby(keys, sort=False)["value"].sum()
        listed = pd.DataFrame({"value": [total]}) if not keys else total.reset_index()
        found.append(listed[_public(listed[keys], types)])
    if not found:
        return secret.iloc[:0]
    return pd.concat(found, ignore_index=True).reindex(columns=[*place, "value"]).drop_duplicates(place)


def _sums(secret: pd.DataFrame, counts: pd.DataFrame, types: set[str], place: list[str]) -> pd.DataFrame:
    """Sums of published counts over every area, period and type of the secret figures, where the counts fill these."""
    known = counts["incidents"].reset_index()
    known = known[known["crime_type"].astype(str).isin(types)]
    months, codes = (sorted(known[name].astype(str).unique()) for name in ("month", "code"))
    ends = np.array([span(label) for label in months]).reshape(-1, 2)
    areas, times = (sorted(secret[name].dropna().unique()) if name in place else [ALL] for name in ("code", "time"))
    asked = np.array([(-np.inf, np.inf) if label == ALL else span(label) for label in times])
    within = (asked[:, :1] <= ends[:, 0]) & (ends[:, 1] <= asked[:, 1:])
    member = np.array([[area in (ALL, code) or _inside(code, area) for code in codes] for area in areas])
    row = pd.Categorical(known["code"].astype(str), codes).codes
    column = pd.Categorical(known["month"].astype(str), months).codes
    kind, value = known["crime_type"].astype(str).to_numpy(), known["incidents"].to_numpy(float)
    found = []
    for each in sorted(set(kind)):
        mine = kind == each
        amount, rows, gaps = (np.zeros((len(codes), len(months))) for _ in range(3))
        for into, what in ((amount, np.nan_to_num(value)), (rows, 1.0), (gaps, np.isnan(value))):
            np.add.at(into, (row[mine], column[mine]), np.broadcast_to(what, value.shape)[mine])
        total, listed, missing = (member @ part for part in (amount, rows, gaps))
        there = (listed > 0)[:, None] & within
        first = np.where(there, ends[:, 0], np.inf).min(axis=2, initial=np.inf)
        last = np.where(there, ends[:, 1], -np.inf).max(axis=2, initial=-np.inf)
        full = there.any(axis=2) & (missing @ within.T == 0)
        full &= np.isinf(asked[:, 0]) | ((first <= asked[:, 0]) & (last >= asked[:, 1]))
        area, time = np.nonzero(full)
        sums = (total @ within.T)[area, time]
        labels = {"code": np.array(areas, object)[area], "time": np.array(times, object)[time]}
        found.append(pd.DataFrame({name: labels[name] for name in place} | {"crime_type": each, "value": sums}))
    names = [*place, "crime_type"]
    return pd.concat(found).sort_values(names, ignore_index=True) if found else pd.DataFrame(columns=[*names, "value"])


def mapping_of(tables: Mapping[str, pd.DataFrame] | pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables by name, a single one as "table"."""
    return {"table": tables} if isinstance(tables, pd.DataFrame) else dict(tables)

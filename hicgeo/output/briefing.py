"""The index page, and the furniture that all our pages share."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any

from hicgeo.errors import InputError
from hicgeo.output._about import About
from hicgeo.output._offline import POLICY_MARK, own_text, templates, with_policy
from hicgeo.output._write import write_bytes
from hicgeo.output.disclosure import THRESHOLD, Handling, Profile, check_profile, require_clean
from hicgeo.output.language import Language, check_language, text

LINES = 4
"""Sentences that a section of the briefing has at most."""

FILES = (".csv", ".xlsx", ".gpkg", ".geojson", ".gpx", ".pdf")
"""What a card of the index may lead to beside its page."""

LIMITS = ("reported", "chance", "cause", "people")
WORDS = (
    "map", "legend", "show", "above", "outlines", "find", "choose", "north", "zoom_in", "zoom_out", "name",
    "several", "none", "as_table", "month", "month_back", "month_on", "year_before", "swipe", "tiles", "tiles_warning",
)  # fmt: skip


@dataclass(frozen=True)
class IndexEntry:
    """One card of the index page.

    Attributes
    ----------
    title
        Heading of the card.
    href
        The map's file, relative to the index page.
    picture
        PNG of the map, or nothing.
    sentences, more
        What it shows, in plain words; what is in `more` is folded away.
    tables
        Tables, files for a GIS and sheets that go with it, relative to the index page.
    pages
        Other pages that go with it, each with the text of its link.
    action
        Text of its link; that it opens a map when left out.
    """

    title: str
    href: str
    picture: bytes = b""
    sentences: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    pages: tuple[tuple[str, str], ...] = ()
    action: str = ""


@dataclass(frozen=True)
class BriefingCard:
    """What one map of a run has to say to a briefing.

    Attributes
    ----------
    title
        Of the map.
    picture
        PNG of the map, or nothing.
    sentences
        What it shows, in plain words.
    parts
        Answer of `HotspotMap.brief`.
    """

    title: str
    picture: bytes = b""
    sentences: tuple[str, ...] = ()
    parts: tuple[Mapping[str, Any], ...] = ()

    @property
    def keys(self) -> set[str]:
        """What its layers show."""
        return {str(part["key"]) for part in self.parts}


def write_index(
    path: str | os.PathLike[str],
    *,
    title: str,
    entries: Sequence[IndexEntry],
    profile: str = "driehoek",
    language: str = "nl",
    period: str = "",
    source: str = "",
    date: Date | None = None,
    handling: Handling | None = None,
    fictional: bool = False,
    missing: Sequence[tuple[str, str]] = (),
    left_out: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a page with a card for each map, as one HTML file that asks the network for nothing.

    Parameters
    ----------
    path
        Where to write.
    title
        Heading of the page.
    entries
        The cards, in order.
    profile, language, period, source, date, handling, fictional
        As in `HotspotMap`.
    missing
        What was not made, each with the reason: a reader must not take it for nothing found.
    left_out
        What is never in an output like this, each with the reason.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        A link is not a relative path to an .html file (of a table: one of `FILES`), or language, profile or file cannot
        be used.
    DisclosureError
        The finished page does not pass the audit. Nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> page = write_index(f"{folder}/index.html", title="Voorbeeldstad",
    ...                    entries=[IndexEntry("Inbraken", "rates.html", sentences=("Twee buurten boven de norm.",))])
    >>> "Twee buurten boven de norm." in page.read_text(encoding="utf-8")
    True
    """
    known = check_language(language)
    for place, entry in enumerate(entries):
        links: list[tuple[str, tuple[str, ...]]] = [
            (each, (".html",)) for each in (entry.href, *(page for page, _ in entry.pages))
        ]
        links += [(table, FILES) for table in entry.tables]
        if any(not link.endswith(suffix) or ":" in link or link.startswith(("/", "\\")) for link, suffix in links):
            raise InputError(
                f"a link of the index page must be a relative path to an .html file, of a table to {', '.join(FILES)}",
                f"another one in entry {place}",
                "save maps and tables beside the index page",
            )
    page = page_texts(
        known,
        level="mixed",
        title=title,
        profile=check_profile(profile),
        facts={"period": period, "source": source, "date": date},
        handling=handling,
        fictional=fictional,
        limits_title="page.limits",
    )
    from markupsafe import Markup

    markup = (
        templates()
        .get_template("index.html.j2")
        .render(
            page=page,
            policy=POLICY_MARK,
            absent=[
                {"title": text(title, known), "rule": text(rule, known), "parts": parts}
                for title, rule, parts in (
                    ("page.left_out", "page.left_out_rule", left_out),
                    ("page.missing", "page.missing_rule", missing),
                )
                if parts
            ],
            own_style=Markup(own_text("page.css")),  # noqa: S704  a file of this package
            entries=[
                {
                    "title": e.title,
                    "href": e.href,
                    "sentences": e.sentences,
                    "more": e.more,
                    "pages": e.pages,
                    "picture": _data_uri(e.picture),
                    "tables": [(table, Path(table).name) for table in e.tables],
                    "action": e.action or page["open"],
                }
                for e in entries
            ],
        )
    )
    return write_bytes(path, require_clean(with_policy(markup)))


def write_briefing(
    path: str | os.PathLike[str],
    *,
    title: str,
    cards: Sequence[BriefingCard],
    profile: str = "driehoek",
    language: str = "nl",
    period: str = "",
    source: str = "",
    date: Date | None = None,
    handling: Handling | None = None,
    fictional: bool = False,
) -> Path:
    """Write the briefing: what to know, the map, the norm, the season and where to act; on paper always one A4.

    Parameters
    ----------
    path
        Where to write.
    title
        Heading of the page.
    cards
        What the maps of a run say. What they do not speak of is left out; a section has at most four sentences.
    profile, language, period, source, date, handling, fictional
        As in `HotspotMap`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Language, profile or file cannot be used.
    DisclosureError
        The finished page does not pass the audit. Nothing is written.

    Notes
    -----
    On paper a text that is too long for its place ends in dots; on the screen all of it is there.

    Examples
    --------
    >>> import tempfile
    >>> parts = ({"key": "norm", "headline": "Eén buurt boven de norm.", "table": [], "notes": []},)
    >>> page = write_briefing(f"{tempfile.mkdtemp()}/briefing.html", title="Voorbeeldstad",
    ...                       cards=[BriefingCard("Risico", parts=parts)])
    >>> "Eén buurt boven de norm." in page.read_text(encoding="utf-8")
    True
    """
    from markupsafe import Markup

    known = check_language(language)
    page = page_texts(
        known,
        level="mixed",
        title=title,
        profile=check_profile(profile),
        facts={"period": period, "source": source, "date": date},
        handling=handling,
        fictional=fictional,
        limits_title="page.limits",
    )
    things = three_things(cards)
    shown = next((card for key in ("targets", "hotspots", "norm") for card in cards if key in card.keys), None)
    markup = (
        templates()
        .get_template("briefing.html.j2")
        .render(
            page=page,
            policy=POLICY_MARK,
            own_style=Markup(own_text("page.css")),  # noqa: S704  a file of this package
            briefing_style=Markup(own_text("briefing.css")),  # noqa: S704
            things=things,
            words={
                "things": text("briefing.things.3" if len(things) == 3 else "briefing.things", known),
                "map": text("page.map", known),
            },
            picture=_data_uri(shown.picture) if shown else "",
            caption=shown.title if shown else "",
            sections=_sections(cards, known, things),
        )
    )
    return write_bytes(path, require_clean(with_policy(markup)))


def three_things(cards: Sequence[BriefingCard]) -> list[str]:
    """Pick at most three sentences: where to act, who is above the norm, the season, and else the hotspots.

    Parameters
    ----------
    cards
        What the maps of a run say.
    """
    parts = [part for card in cards for part in card.parts]
    first = {key: next((part["headline"] for part in parts if part["key"] == key), "") for key in ("targets", "norm")}
    told = (card.sentences[0] for card in cards if "dark" in card.keys and card.sentences)
    season = next(told, next((part["headline"] for part in parts if part["key"] == "dark"), ""))
    spots = next((part["headline"] for part in parts if part["key"] == "hotspots"), "")
    return [each for each in (first["targets"], first["norm"], season, spots) if each][:3]


def _sections(cards: Sequence[BriefingCard], language: Language, said: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Sections of a briefing by key, empty when there is nothing to say; each sentence once."""
    parts = [part for card in cards for part in card.parts]
    of = {key: [part for part in parts if part["key"] == key] for key in ("targets", "norm", "hotspots", "dark")}
    season = [line for card in cards if "dark" in card.keys for line in card.sentences]
    content = {
        "targets": ([part["headline"] for part in of["targets"]], [_table(part) for part in of["targets"]]),
        "backtest": ([note for part in of["targets"] for note in part["notes"][1:]], []),
        "norm": ([part["headline"] for part in of["norm"]], [_table(part) for part in of["norm"][:1]]),
        "hotspots": ([part["headline"] for part in of["hotspots"]], []),
        "season": (season or [part["headline"] for part in of["dark"]], []),
    }
    sections = {}
    for key, (lines, tables) in content.items():
        fresh = [line for line in dict.fromkeys(lines) if line and line not in said][:LINES]
        full = [table for table in tables if table["lines"]]
        title = text(f"briefing.{key}", language)
        sections[key] = {"key": key, "title": title, "lines": fresh, "tables": full} if fresh or full else {}
    return sections


def _table(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"lines": part["table"], "of": part.get("table_of", "")}


def page_texts(
    language: Language,
    *,
    level: str,
    title: str,
    profile: Profile,
    facts: Mapping[str, Any],
    handling: Handling | None,
    fictional: bool,
    limits_title: str,
    warning: str = "",
    threshold: int = THRESHOLD,
) -> dict[str, Any]:
    """Everything a page says around its content: banners, facts, limits, handling and the words of its controls.

    Parameters
    ----------
    language
        Of all texts.
    level
        What the areas are: buurt, wijk, gemeente or mixed.
    title
        Heading of the page.
    profile
        Decides the banner.
    facts
        `period`, `source` and `date`; what is empty is left out.
    handling
        Shown when given; an outward page without it says so.
    fictional
        Whether to show the banner of fictional data.
    warning
        What the reader must know first, in the language of the page; nothing when empty.
    limits_title
        Key of the heading over what the page does not say.
    threshold
        On a public page, counts from 1 to below it are hidden.
    """
    names = {"area": text(f"one.{level}", language), "areas": text(f"level.{level}", language)}

    def say(key: str) -> str:
        return text(key, language, **names)

    about = About(profile, language, facts, handling, fictional, threshold)
    return {
        "language": language,
        "title": title,
        "classification": about.banner,
        "mark": "public" if profile == "openbaar" else "confidential",
        "fictional": about.fiction,
        "warning": warning,
        "facts": about.facts,
        "reported": say("page.reported"),
        "limits_title": say(limits_title),
        "limits": [say(f"not_said.{each}") for each in LIMITS],
        "handling_title": say("page.handling"),
        "handling": about.terms,
        "no_handling": about.unstated,
        "noscript": say("page.noscript"),
        "open": say("page.open"),
        "tables": say("page.tables"),
        "more": say("page.more"),
        "contents": say("page.contents"),
        "words": {**{each: say(f"page.{each}") for each in WORDS}, **names},
    }


def _data_uri(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}" if picture else ""

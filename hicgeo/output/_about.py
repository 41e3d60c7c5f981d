"""What a file says about itself: how confidential it is, what it is made of, for whom, why and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from hicgeo.output._ledger import Handling
from hicgeo.output._protect import THRESHOLD
from hicgeo.output.language import Language, day, period_text, text

BANNERS = {"intern": "page.intern", "driehoek": "page.confidential", "openbaar": "page.public"}


@dataclass(frozen=True)
class About:
    """What stands on every file for others, whatever its form.

    Attributes
    ----------
    profile
        Decides the banner.
    language
        Of all texts.
    given
        `period`, `source` and `date`; what is empty is left out.
    handling
        For whom and why; an outward file without it says so.
    fictional
        Whether the data are made up.
    threshold
        On a public file, counts from 1 to below it are hidden.
    """

    profile: str
    language: Language
    given: Mapping[str, Any] = field(default_factory=dict)
    handling: Handling | None = None
    fictional: bool = False
    threshold: int = THRESHOLD

    @property
    def banner(self) -> str:
        """How confidential it is."""
        return text(BANNERS[self.profile], self.language, n=self.threshold)

    @property
    def fiction(self) -> str:
        """That the data are made up; empty when they are not."""
        return text("page.fictional", self.language) if self.fictional else ""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Period, source and date, each behind its name."""
        given = {**self.given, "period": period_text(self.given.get("period"), self.language)}
        return [(text(f"page.{key}", self.language), self._said(value)) for key, value in given.items() if value]

    @property
    def terms(self) -> list[tuple[str, str]]:
        """For whom, why, on what ground, how confidential and until when, each behind its name."""
        names = [each.name for each in fields(self.handling)] if self.handling else []
        return [(text(f"handling.{each}", self.language), self._said(getattr(self.handling, each))) for each in names]

    @property
    def unstated(self) -> str:
        """That nobody said for whom it is, where somebody must."""
        alone = self.handling is None and self.profile != "intern"
        return text("page.no_handling", self.language) if alone else ""

    def rows(self) -> list[tuple[str, str]]:
        """All of it, the banners without a name."""
        banners = [("", each) for each in (self.banner, self.fiction, self.unstated) if each]
        return [*banners, *self.terms, *self.facts]

    def __str__(self) -> str:
        """All of it on one line."""
        return "; ".join(": ".join(filter(None, pair)) for pair in self.rows())

    def _said(self, value: Any) -> str:
        """Value on one line, without what cannot be printed."""
        said = day(value, self.language) if isinstance(value, date) else str(value)
        return "".join(sign for sign in " ".join(said.split()) if sign.isprintable())

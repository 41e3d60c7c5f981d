"""The errors and the warning of hicgeo: what it must be, what was given, what to do."""

import re

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Signs that a terminal obeys instead of showing, the end of a line and the tab excepted."""


def visible(text: str) -> str:
    r"""Text in which what would command a terminal is spelled out: names of files and columns reach one too.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> print(visible("buurt\x1b[31m"))
    buurt\x1b[31m
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class HicgeoError(ValueError):
    """Base of every error that hicgeo raises on purpose.

    Parameters
    ----------
    expected
        What the input must be, as a sentence without its full stop.
    given
        What was given instead: the first bad row and how many there are. It names rows by number
        or by neighbourhood code, never by content, because messages end up in shared files.
    remedy
        What the user can do about it.

    Examples
    --------
    >>> from hicgeo.errors import InputError
    >>> print(InputError("cell_size must be above 0 metres", "cell_size=-5", "give a length such as 100"))
    cell_size must be above 0 metres. Given: cell_size=-5. To do: give a length such as 100.
    """

    def __init__(self, expected: str, given: str, remedy: str) -> None:
        self.expected, self.given, self.remedy = expected, given, remedy
        super().__init__(visible(f"{expected}. Given: {given}. To do: {remedy}."))

    def __reduce__(self) -> tuple[type["HicgeoError"], tuple[str, str, str]]:
        return type(self), (self.expected, self.given, self.remedy)


class InputError(HicgeoError):
    """A value, a file or a table holds what cannot be used."""


class ColumnError(HicgeoError):
    """A table lacks a column, or a column breaks its contract."""


class CrsError(HicgeoError):
    """A coordinate reference system is missing, in degrees, or contradicted by the coordinates."""


class AlignmentError(HicgeoError):
    """Two tables that must speak of the same areas or incidents do not."""


class DisclosureError(HicgeoError):
    """A result may not leave the house in this form."""


class ConfigError(HicgeoError):
    """A run file or a notebook parameter is wrong."""


class HicgeoWarning(UserWarning):
    """Something was kept that a reader of the result must know about.

    Parameters
    ----------
    message
        What, in a sentence.
    """

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))

"""What of a run is not for everybody: left out by rule before any figure is looked at, and noted for the index page."""

from __future__ import annotations

from pathlib import Path

from hicgeo.errors import ConfigError
from hicgeo.output.refusals import LEFT_OUT
from hicgeo.suite._run_file import nearest


class LeftOut:
    """Notes of what notebooks leave out of a public run, an empty file each.

    Parameters
    ----------
    private
        Folder of the working data of the run.
    """

    def __init__(self, private: Path) -> None:
        self._folder = private / "left-out"

    def shares(self, part: str, profile: str, notebook: str | None) -> bool:
        """Tell whether a part may be made under a profile; when not, note that the notebook leaves it out.

        Parameters
        ----------
        part
            One of `LEFT_OUT`.
        profile
            Of the run.
        notebook
            That asks; None when it is not run by the suite, and then nothing is noted.

        Raises
        ------
        ConfigError
            There is no such part.

        Notes
        -----
        The answer depends on the part and the profile alone: what is left out tells nothing of the figures.
        """
        if part not in LEFT_OUT:
            raise ConfigError(
                "shares must be asked for a part that may be left out", repr(part), nearest(part, LEFT_OUT)
            )
        if profile != "openbaar":
            return True
        if notebook:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{notebook}+{part}").touch()
        return False

    def of(self, notebook: str) -> list[str]:
        """Parts that a notebook left out, in the order of `LEFT_OUT`."""
        return [part for part in LEFT_OUT if (self._folder / f"{notebook}+{part}").is_file()]

    def forget(self, notebook: str) -> None:
        """Remove what is noted of a notebook."""
        for part in LEFT_OUT:
            (self._folder / f"{notebook}+{part}").unlink(missing_ok=True)

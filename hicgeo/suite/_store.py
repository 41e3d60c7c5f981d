"""Tables kept on disk under the fingerprint of everything that decides them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hicgeo.output._write import replacing, write_bytes
from hicgeo.suite._project import file_hash

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """Tables and facts in one private folder.

    The key is part of the file name, so that a file is either whole and right or not there, whoever
    else writes at the same moment. What an older key left is removed.

    Parameters
    ----------
    folder
        Made when something is put in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str, key: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Table `name`, made only when it is not there under this key.

        Parameters
        ----------
        name, key
            What it is, and the fingerprint of what decides it.
        make
            Makes it. The answer is always the table as read back, the first time too.

        Returns
        -------
        table
            With geometry when it was made so.
        """
        path = self._path(name, key, ".parquet")
        if not path.exists():
            self.put(name, key, make())
        return self.get(name, key)

    def put(self, name: str, key: str, table: pd.DataFrame) -> None:
        """Keep a table, and remove what was kept under the same name."""
        path = self._path(name, key, ".parquet")
        with replacing(path) as part:
            table.to_parquet(part)
        self._forget(path)

    def get(self, name: str, key: str) -> pd.DataFrame:
        """Read a table back."""
        import geopandas as gpd
        import pandas as pd
        import pyarrow.parquet

        path = self._path(name, key, ".parquet")
        geographic = b"geo" in (pyarrow.parquet.read_schema(path).metadata or {})
        return gpd.read_parquet(path) if geographic else pd.read_parquet(path)

    def put_facts(self, name: str, key: str, facts: dict[str, Any]) -> None:
        """Keep numbers and names as JSON, and remove what was kept under the same name."""
        self._forget(write_bytes(self._path(name, key, ".json"), json.dumps(facts, indent=1).encode()))

    def facts(self, name: str, key: str) -> dict[str, Any] | None:
        """Facts under this key, if there are any."""
        try:
            found: dict[str, Any] = json.loads(self._path(name, key, ".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def _path(self, name: str, key: str, suffix: str) -> Path:
        return self.folder / f"{name}-{key[:16]}{suffix}"

    def _forget(self, path: Path) -> None:
        """Remove older versions of a file just written."""
        name = path.stem.rpartition("-")[0]
        for old in path.parent.glob(f"{name}-????????????????{path.suffix}"):
            if old != path:
                with contextlib.suppress(OSError):  # on Windows another process may be reading it
                    old.unlink()


class Notes:
    """Notes of what a run saved for others, a file each.

    Parameters
    ----------
    place
        Folder of the notes, in the private folder.
    folder
        Folder of the run, under which the saved files are.
    """

    def __init__(self, place: Path, folder: Path) -> None:
        self._place, self._folder = place, folder

    def read(self) -> dict[str, dict[str, Any]]:
        """Give by file name its `sha256`, the `notebook` that saved it, and a map's card.

        Returns
        -------
        notes
            A card is `title`, `picture` (PNG in base64), `sentences` and `brief` (for the briefing).
        """
        found = {}
        for file in sorted(self._place.glob("*.json")):
            with contextlib.suppress(FileNotFoundError):  # another notebook of the run has just discarded it
                note = json.loads(file.read_text(encoding="utf-8"))
                found[note["file"]] = note
        return found

    def put(self, path: Path, about: dict[str, Any]) -> Path:
        """Note a file, and give it back.

        Parameters
        ----------
        path
            What was saved, below the folder of the run.
        about
            What else to keep of it.
        """
        name = path.relative_to(self._folder).as_posix()
        note = {"file": name, "sha256": file_hash(path), **about}
        write_bytes(self._of(name), json.dumps(note, indent=1).encode())
        return path

    def discard(self, name: str) -> None:
        """Remove a saved file, and its note.

        Parameters
        ----------
        name
            Of the file, below the folder of the run.
        """
        (self._folder / name).unlink(missing_ok=True)
        self._of(name).unlink(missing_ok=True)

    def _of(self, name: str) -> Path:
        return self._place / f"{name.replace('/', '+')}.json"

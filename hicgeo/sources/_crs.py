"""Coordinate reference systems by the names that users and files give them."""

from __future__ import annotations

from typing import Any

from hicgeo.errors import CrsError


def known_crs(crs: Any) -> Any:
    """Pyproj CRS of what a user or a file calls it.

    Raises
    ------
    CrsError
        There is no such CRS.
    """
    import pyproj

    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise CrsError(
            "crs must be one that PROJ knows", str(crs)[:60], 'give a code such as "EPSG:28992" (RD) or "EPSG:4326"'
        ) from None

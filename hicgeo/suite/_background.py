"""What the run file names to be drawn around the neighbourhoods, and the names of municipalities that come with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hicgeo.errors import ConfigError, HicgeoError, InputError
from hicgeo.sources import _open
from hicgeo.sources.neighbourhoods import read_neighbourhoods

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.output.maps import HotspotMap
    from hicgeo.suite.config import BackgroundConfig


@dataclass(frozen=True)
class Background:
    """Shapes for every map of a run.

    Attributes
    ----------
    parts
        Shapes, their kind and their name in the list of layers.
    names
        Of municipalities, by code, where the run file names a file of them.
    """

    parts: list[tuple[gpd.GeoDataFrame, str, str]] = field(repr=False)
    names: dict[str, str]

    @classmethod
    def read(cls, settings: list[BackgroundConfig]) -> Background:
        """Read all of it.

        Parameters
        ----------
        settings
            The part `map: background` of a run file.

        Raises
        ------
        ConfigError
            A file cannot be read, or has no CRS.
        """
        parts: list[tuple[gpd.GeoDataFrame, str, str]] = []
        names: dict[str, str] = {}
        for part in settings:
            try:
                if part.kind == "neighbours":
                    shapes = read_neighbourhoods(part.path, level="gemeente", layer=part.layer, crs=part.crs)
                    names |= {str(code): str(name) for code, name in shapes["name"].dropna().items()}
                else:
                    with _open.unpacked(_open.check_path(part.path), part.layer) as (file, layer):
                        shapes = _open.read_vector(file, layer)
                    if not hasattr(shapes, "geometry"):
                        raise InputError("the layer must hold shapes", "a table without them", "name another layer")
                    shapes = shapes if part.crs is None else shapes.set_crs(part.crs, allow_override=True)
            except HicgeoError as error:
                raise ConfigError(
                    f"a background of {part.kind} must be a file of shapes",
                    f"{part.path.name}: {error}",
                    "correct map: background in the run file, or leave it out",
                ) from None
            parts.append((shapes, part.kind, part.name))
        return cls(parts, names)

    def draw(self, drawn: HotspotMap, municipalities: set[str]) -> HotspotMap:
        """Add all of it to a map.

        Parameters
        ----------
        drawn
            The map.
        municipalities
            Those that the map is about: they are no neighbours of themselves.
        """
        for shapes, kind, name in self.parts:
            around = shapes[~shapes.index.isin(municipalities)] if kind == "neighbours" else shapes
            drawn.add_background(around, kind=kind, name=name)
        return drawn

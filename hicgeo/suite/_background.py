"""What the run file names besides areas and incidents: what is drawn around, streets, what may lie near, holidays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hicgeo.errors import ConfigError, HicgeoError
from hicgeo.grid import Grid
from hicgeo.sources._shapes import read_shapes
from hicgeo.sources.at_risk import read_at_risk
from hicgeo.sources.neighbourhoods import read_neighbourhoods
from hicgeo.sources.school_holidays import read_school_holidays

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from hicgeo.output.maps import HotspotMap
    from hicgeo.suite.config import BackgroundConfig, RunConfig


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
        for part in (each for each in settings if each.drawn):
            with _named(f"a background of {part.kind}", part.path, "map: background"):
                if part.kind == "neighbours":
                    shapes = read_neighbourhoods(part.path, level="gemeente", layer=part.layer, crs=part.crs)
                    names |= {str(code): str(name) for code, name in shapes["name"].dropna().items()}
                else:
                    shapes = read_shapes(part.path, layer=part.layer, crs=part.crs)
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


class Surroundings:
    """What a run has besides its areas and incidents, each from a file of the user.

    Attributes
    ----------
    config
        The settings of the run.
    neighbourhoods
        Its neighbourhood table.
    """

    config: RunConfig
    neighbourhoods: gpd.GeoDataFrame

    @cached_property
    def background(self) -> Background:
        """What every map shows around the neighbourhoods."""
        return Background.read(self.config.map.background)

    @cached_property
    def streets(self) -> gpd.GeoDataFrame | None:
        """Streets that target areas keep to, with their `name` if the run file says where it stands; None without.

        Raises
        ------
        ConfigError
            A file cannot be read, or holds something else than lines.
        """
        import pandas as pd

        found = []
        for part in (each for each in self.config.map.background if each.targets):
            with _named("streets that target areas keep to", part.path, "map: background"):
                found.append(read_shapes(part.path, layer=part.layer, crs=part.crs, columns=part.columns, lines=True))
        return pd.concat(found, ignore_index=True) if found else None

    @cached_property
    def context(self) -> dict[str, gpd.GeoDataFrame]:
        """What may lie near the target areas, by its name in the run file: shapes without any column.

        Raises
        ------
        ConfigError
            A file cannot be read.
        """
        layers = {}
        for name, part in self.config.context.layers.items():
            with _named(f"the layer {name}", part.path, "context: layers"):
                layers[name] = read_shapes(part.path, layer=part.layer, crs=part.crs, columns=part.columns)
        return layers

    def at_risk(self, grid: Grid) -> xr.DataArray:
        """Read what can be burgled, per cell of a grid.

        Parameters
        ----------
        grid
            Square cells over the study area.

        Returns
        -------
        surface
            Answer of `hicgeo.read_at_risk`.

        Raises
        ------
        ConfigError
            The run file names no such data.
        """
        if (part := self.config.at_risk) is None:
            raise ConfigError("this needs what is at risk", "no at_risk in the run file", "add at_risk with a path")
        return read_at_risk(part.path, grid, **part.model_dump(exclude={"path"}))

    @cached_property
    def addresses(self) -> xr.DataArray | None:
        """Number of addresses per cell of 100 m, the smallest that leaves the house; None without them in the run file.

        Raises
        ------
        ConfigError
            The file cannot be read.
        """
        from hicgeo.output.disclosure import MIN_CELL

        if (part := self.config.addresses) is None:
            return None
        with _named("the addresses", part.path, "addresses"):
            grid = Grid.over(self.neighbourhoods, cell_size=MIN_CELL)
            return read_at_risk(part.path, grid, **part.model_dump(exclude={"path"}))

    @cached_property
    def school_holidays(self) -> pd.DataFrame | None:
        """Periods of the school holidays; None when the run file names no file of them.

        Raises
        ------
        ConfigError
            The file cannot be read, or its region is not chosen.
        """
        if (part := self.config.season.school_holidays) is None:
            return None
        with _named("the school holidays", part.path, "season: school_holidays"):
            return read_school_holidays(part.path, columns=part.columns, region=part.region)


@contextmanager
def _named(what: str, path: Path, where: str) -> Iterator[None]:
    """Say which file of the run file a reader refuses."""
    try:
        yield
    except HicgeoError as error:
        raise ConfigError(
            f"{what} must be a file that can be read",
            f"{path.name}: {error}",
            f"correct {where} in the run file, or leave it out",
        ) from None

"""HotspotMap: what was found, as one HTML file that opens anywhere."""

from __future__ import annotations

from datetime import date as Date
from typing import TYPE_CHECKING, Any

import folium
import pandas as pd

from hicgeo.errors import DisclosureError, InputError
from hicgeo.output import (
    _layers_density,
    _layers_months,
    _layers_operation,
    _layers_rates,
    _layers_risk,
    _layers_season,
    _layers_targets,
    _layers_waves,
)
from hicgeo.output import disclosure as gate
from hicgeo.output._background import background
from hicgeo.output._blocks import Block
from hicgeo.output._layers import Layer, Scene
from hicgeo.output._map_page import MapPage
from hicgeo.output._shapes import base_map
from hicgeo.output.briefing import page_texts
from hicgeo.output.disclosure import THRESHOLD, Handling, Ledger, check_profile
from hicgeo.output.language import check_language
from hicgeo.schema import check_neighbourhoods

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

MAX_TITLE = 200


class HotspotMap(MapPage):
    """A map of neighbourhoods with rates, density, hotspots and seasons on it, as one HTML file.

    Parameters
    ----------
    neighbourhoods
        Neighbourhood table; the view fits these areas, never incidents.
    title
        What the map shows, for its reader.
    profile
        "driehoek" (the people who decide: areas only, marked confidential), "openbaar" (everybody: small figures
        hidden) or "intern" (the analyst).
    language
        "nl" or "en".
    period, source
        What the reader must know about the data: which months, and whose registration.
    date
        Day on which the data were as they are, printed on the map. Left out, no date is printed, and the same input
        gives the same bytes.
    handling
        For whom, why, on what ground and until when; an outward map without it says that it may not be passed on.
    fictional
        Mark the page as made from fictional example data.
    warning
        Sentence above the map that a reader must see first.
    threshold
        On a public map, counts from 1 to below it are hidden, with what would give them away.
    ledger
        Earlier exports, against which a public map is checked.
    addresses
        Number of addresses per cell, such as `hicgeo.read_at_risk` gives: for others than the analyst no layer draws a
        cell that has fewer than 8 of them or of which that is not known, and the legend says so. Ranked places with
        such a cell are left out, classes are cut; official areas never are.

    Attributes
    ----------
    map
        The folium map, without tiles. What is added to it by hand must pass the audit of `save`.
    layers
        What was added, in order.

    Raises
    ------
    ColumnError
        The neighbourhoods break their contract.
    CrsError
        They have no projected CRS in metres.
    InputError
        Title, language or profile cannot be used, or there are no areas.

    Notes
    -----
    Data enter the page as JSON and are shown as text only, so that a name can never run as code. Borders are
    simplified together, so that neighbours still touch. O(vertices of the areas + cells of the surfaces).

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from shapely.geometry import box
    >>> numbers = {column: pd.array([900], dtype="Int64") for column in
    ...            ("dwellings", "households", "residents", "businesses")}
    >>> areas = gpd.GeoDataFrame(
    ...     {"name": ["Centrum"], "level": ["buurt"], "municipality": ["GM9999"], **numbers, "is_water": [False],
    ...      "vintage": pd.array([2024], dtype="Int64")},
    ...     geometry=[box(80000, 455000, 81000, 456000)], crs="EPSG:28992",
    ...     index=pd.Index(["BU99990001"], name="code", dtype="str"))
    >>> page = HotspotMap(areas, title="Woninginbraken", period="2024").to_html()
    >>> "VERTROUWELIJK" in page, "https://" in page.split("<body")[1]
    (True, False)
    """

    def __init__(
        self,
        neighbourhoods: gpd.GeoDataFrame,
        *,
        title: str,
        profile: str = "driehoek",
        language: str = "nl",
        period: str = "",
        source: str = "",
        date: Date | None = None,
        handling: Handling | None = None,
        fictional: bool = False,
        warning: str = "",
        threshold: int = THRESHOLD,
        ledger: Ledger | None = None,
        addresses: xr.DataArray | None = None,
    ) -> None:
        if not 0 < len(title.strip()) <= MAX_TITLE:
            raise InputError(f"a map needs a title of 1 to {MAX_TITLE} characters", f"{len(title)}", "give it one")
        check_neighbourhoods(neighbourhoods)
        if not len(neighbourhoods):
            raise InputError("a map needs at least one area", "a table without rows", "check the selection")
        self.profile = check_profile(profile)
        self.title, self.period, self.source, self.date = title, period, source, date
        self.handling, self.fictional = handling, fictional
        self.threshold, self.ledger = threshold, ledger or Ledger(None, handling=handling)
        self._addresses = addresses
        self._scene = Scene.of(neighbourhoods.sort_index(), check_language(language))
        self.layers: list[Layer] = []
        self._given: list[tuple[str, pd.DataFrame]] = []
        self.map = folium.Map(tiles=None, control_scale=False, zoom_snap=0.25)
        self._base, self._bounds = base_map(self._scene)  # the page fits its view to them
        self._background: list[dict[str, Any]] = []
        self._words = page_texts(
            self._scene.language,
            level=self._scene.level,
            title=title,
            profile=self.profile,
            facts={"period": period, "source": source, "date": date},
            handling=handling,
            fictional=fictional,
            warning=warning,
            limits_title="page.not_said",
            threshold=threshold,
        )
        self.map.add_child(Block(self._page_block, "hicgeo.start({map});"))

    def add_rates(self, rates: pd.DataFrame) -> HotspotMap:
        """Add two layers: the rate in classes, and the verdict against the norm.

        Parameters
        ----------
        rates
            Answer of `hicgeo.rates` on the neighbourhoods' index. Areas that are *te klein* or *onvolledig* are
            hatched; their figure is in the card only, with its state.

        Raises
        ------
        ColumnError
            A column is missing, or `attrs` do not say of what and per what the rates are.
        InputError
            It is no table.
        AlignmentError
            None of the codes is on this map, or one occurs twice.
        """
        self._given.append(("add_rates", rates))
        released, said = self._released(_known(rates))
        for layer in _layers_rates.rate_layers(released, self._scene):
            self._add(layer, said)
        return self

    def add_surface(self, surface: xr.DataArray, *, name: str | None = None) -> HotspotMap:
        """Add a layer of density classes, the lowest of which is left blank.

        Parameters
        ----------
        surface
            Surface of `hicgeo.kde`: incidents per km2 at cell centres.
        name
            Heading of the layer; a standard one when left out.

        Raises
        ------
        InputError
            It is no surface, or has no density at all.
        DisclosureError
            Its cells are smaller than 100 m, or it is drawn from exact points, and the map is for others than the
            analyst; or the map is public.
        """
        gate.check_public(self.profile, "a density in classes", "show hotspots, or counts per neighbourhood")
        least = gate.floor(self.profile, self.threshold)
        layer = _layers_density.surface_layer(surface, self._scene, name, least=least)
        self._check_cells(float(surface.attrs["cell_size"]))
        gate.check_places(surface.attrs, self.profile)
        self._add(layer)
        return self

    def add_hotspots(self, hotspots: gpd.GeoDataFrame) -> HotspotMap:
        """Add ranked hotspots as outlines on top of the other layers.

        Parameters
        ----------
        hotspots
            Answer of `hicgeo.hotspots`: unions of grid cells by rank. For others than the analyst those with too few
            incidents are left out; on a public map they have no counts.

        Raises
        ------
        ColumnError
            A column is missing.
        DisclosureError
            A shape is not a union of cells of at least 100 m, or is drawn from exact points, and the map is for others
            than the analyst.
        """
        _layers_density.hotspot_layer(hotspots, self._scene)  # whatever is wrong with the table comes first
        released, said = self._released(hotspots)
        gate.check_places(hotspots.attrs, self.profile)
        self._add(_layers_density.hotspot_layer(released, self._scene), said)
        return self

    def add_risk(self, risk: Any) -> HotspotMap:
        """Add a layer of where the risk is above or below what chance gives.

        Parameters
        ----------
        risk
            Answer of `hicgeo.relative_risk`: its tolerance contours at 5 %, as unions of cells. Where the place of what
            is at risk is not known, twice the mean ratio and half of it instead, said to be untested.

        Raises
        ------
        InputError
            It is no relative risk.
        DisclosureError
            Its cells are smaller than 100 m, and the map is for others than the analyst.
        """
        layer = _layers_risk.risk_layer(risk, self._scene)
        self._check_cells(float(risk.ratio.attrs["cell_size"]))
        gate.check_places(risk.ratio.attrs, self.profile)
        self._add(layer)
        return self

    def _check_cells(self, cell: float) -> None:
        if self.profile != "intern" and cell < gate.MIN_CELL:
            raise DisclosureError(
                f"an outward surface must have cells of at least {gate.MIN_CELL:g} m",
                f"cells of {cell:g} m",
                f"make it on Grid.over(area, cell_size={gate.MIN_CELL:g}), or use profile='intern'",
            )

    def add_target_areas(self, areas: gpd.GeoDataFrame) -> HotspotMap:
        """Add the areas to act in as outlines with their rank, hours, expectation and reasons.

        Parameters
        ----------
        areas
            Unions of grid cells by rank, with `rank_low`, `rank_high`, `area_ha`, `expected` (incidents), and in words
            `hours`, `reasons` and `backtest`. `expected_low`, `expected_high`, `kind`, `dwellings` and `doubts` are
            shown when they are there.

        Raises
        ------
        ColumnError
            A column is missing.
        InputError
            There is no area.
        DisclosureError
            A column is not one of aggregates, or a shape is not a union of cells of at least 100 m, and the map is for
            others than the analyst.
        """
        _layers_targets.target_layer(areas, self._scene)  # whatever is wrong with the table comes first
        released, said = self._released(areas)
        self._given.append(("add_target_areas", areas))
        self._add(_layers_targets.target_layer(released, self._scene), said)
        return self

    def add_waves(self, waves: Any) -> HotspotMap:
        """Add waves as outlines with their incidents and period, or cells by their course.

        Parameters
        ----------
        waves
            Answer of `hicgeo.space_time_scan`, of which those beyond chance are drawn, of `hicgeo.st_dbscan` or of
            `hicgeo.emerging_hotspots`.

        Raises
        ------
        InputError
            It is none of these.
        DisclosureError
            Its cells are smaller than 100 m, or it is of `st_dbscan`, whose cells list where the incidents were, and
            the map is for others than the analyst; or the map is public.
        """
        gate.check_public(self.profile, "waves with their days", "show counts per neighbourhood and month")
        released, said = self._released(_layers_waves.shown_waves(waves))
        self._add(_layers_waves.wave_layer(released, waves, self._scene), said)
        return self

    def add_operation(self, evaluation: Any) -> HotspotMap:
        """Add a layer of where an operation was, what it is compared with, and the incidents before and after.

        Parameters
        ----------
        evaluation
            Answer of `hicgeo.evaluate_operation`. A public map shows the places, not the counts.

        Raises
        ------
        InputError
            It is another result.

        Notes
        -----
        Official areas have their own border; any other shape of the plan is drawn as the cells of 100 m in it.
        """
        counted = self.profile != "openbaar"
        self._add(_layers_operation.operation_layer(evaluation, self._scene, counted=counted))
        return self

    def add_dark_days(self, season: pd.DataFrame) -> HotspotMap:
        """Add a layer that says where the dark days have more incidents than chance explains.

        Parameters
        ----------
        season
            Answer of `hicgeo.dark_days`; its season "alle" is drawn.

        Raises
        ------
        ColumnError
            A column, an index level or the season "alle" is missing.
        InputError
            It is no table.
        AlignmentError
            None of the codes is on this map, or one occurs twice.
        """
        self._given.append(("add_dark_days", season))
        released, said = self._released(_known(season))
        self._add(_layers_season.dark_layer(released, self._scene), said)
        return self

    def add_seasons(self, clusters: Any) -> HotspotMap:
        """Add a layer of groups of areas with the same course over the year.

        Parameters
        ----------
        clusters
            Answer of `hicgeo.cluster_seasons`: `labels`, `profiles`, `ratio`, `k` and `stability` are read.

        Raises
        ------
        InputError
            There are more groups than a reader can tell apart.
        AlignmentError
            None of the codes is on this map, or one occurs twice.
        DisclosureError
            The map is public, and the groups are not known to be of a crime type that the police publish.
        """
        kind = clusters.labels.attrs.get("crime_type")
        gate.check_public(self.profile, "groups of unpublished counts", "group a published crime type", of=kind)
        self._add(_layers_season.season_layer(clusters, self._scene))
        return self

    def add_seasonal_areas(self, areas: gpd.GeoDataFrame) -> HotspotMap:
        """Add places that are busy all year, in one season of every year, or once, as cells coloured by kind.

        Parameters
        ----------
        areas
            Answer of `hicgeo.seasonal_areas`, made from `grid.snap(incidents)` when the map is for others than the
            analyst. Areas with too few incidents are then left out.

        Raises
        ------
        ColumnError
            A column is missing.
        InputError
            A kind is unknown.
        DisclosureError
            A shape is not a union of cells of at least 100 m, or is drawn from exact points, and the map is for others
            than the analyst.
        """
        _layers_season.place_layer(areas, self._scene)  # whatever is wrong with the table comes first
        gate.check_places(areas.attrs, self.profile)
        released, said = self._released(areas)
        self._add(_layers_season.place_layer(released, self._scene), said)
        return self

    def add_months(self, counts: pd.DataFrame, *, crime_type: str, months: tuple[str, str] | None = None) -> HotspotMap:
        """Add a layer of counts by month, with a slider that starts at the latest month.

        Parameters
        ----------
        counts
            Count table. A month that is not published is hatched, never shown as none.
        crime_type
            Which of its crime types.
        months
            First and last month of the slider, as ("2022-01", "2024-12"); all with figures when left out.

        Raises
        ------
        ColumnError
            A column or an index level is missing.
        InputError
            The crime type is not in the table, or no month has figures.
        AlignmentError
            None of the codes is on this map.
        DisclosureError
            The counts may not leave under the profile of the map.

        Notes
        -----
        All months have the same classes, so that they can be compared; a reader can put a month beside that of a year
        before. O(areas x months), also in the file.
        """
        shown = _layers_months.month_range(counts, crime_type, months)
        released, said = self._released(counts)
        self._add(_layers_months.month_layer(released, self._scene, crime_type, shown), said)
        return self

    def add_comparison(self, earlier: pd.DataFrame, later: pd.DataFrame) -> HotspotMap:
        """Add a layer that shows the rates of two periods side by side, with a divider to move.

        Parameters
        ----------
        earlier, later
            Answers of `hicgeo.rates` that differ in their period only. Both are drawn in the same classes.

        Raises
        ------
        ColumnError
            A column is missing.
        InputError
            It is no table, crime type, base or unit differ, or the period does not.
        AlignmentError
            None of the codes is on this map, or one occurs twice.
        """
        (first, said), (second, more) = self._released(_known(earlier)), self._released(_known(later))
        self._add(_layers_months.comparison_layer(first, second, self._scene), list(dict.fromkeys([*said, *more])))
        return self

    def add_background(self, shapes: gpd.GeoDataFrame, *, kind: str, name: str = "") -> HotspotMap:
        """Add what helps a reader to find the way: streets, water, or the municipalities around.

        Parameters
        ----------
        shapes
            Lines or polygons with a CRS; what lies far from the areas is left out. Of its columns only `name`, of
            municipalities, enters the page.
        kind
            "streets", "water" or "neighbours".
        name
            How streets are called in the list of layers; a standard name when left out.

        Raises
        ------
        InputError
            There is no such kind, or a shape is a point.
        CrsError
            The shapes have no CRS.
        """
        self._background.append(background(shapes, self._scene, kind=kind, name=name))
        return self

    @property
    def municipalities(self) -> list[str]:
        """Codes of the municipalities that have an area on the map."""
        return sorted(map(str, self._scene.areas["municipality"].dropna().unique()))

    def part(self, municipality: str) -> HotspotMap:
        """Map of one municipality with the rates, dark days and target areas in it; the norm stays that of all.

        Parameters
        ----------
        municipality
            Its code.

        Raises
        ------
        InputError
            It has no area on the map.
        """
        areas = self._scene.areas[(self._scene.areas["municipality"] == municipality).to_numpy(bool)]
        made = HotspotMap(
            areas, title=self.title, profile=self.profile, language=self._scene.language, period=self.period,
            source=self.source, date=self.date, handling=self.handling, fictional=self.fictional,
            threshold=self.threshold, addresses=self._addresses,
        )  # fmt: skip
        for verb, table in self._given:
            if "geometry" in table:
                mine = table[table.intersects(areas.union_all())]
            else:
                mine = table[table.index.get_level_values("code").isin(areas.index)]
            mine.attrs = dict(table.attrs)
            if len(mine):
                getattr(made, verb)(mine)
        return made


def _known(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that a layer may read: no other enters the page."""
    if not isinstance(table, pd.DataFrame):
        raise InputError("a layer is made of a table", type(table).__name__, "give the answer of the hicgeo function")
    return table[[name for name in table.columns if name in gate.AGGREGATE_COLUMNS]]

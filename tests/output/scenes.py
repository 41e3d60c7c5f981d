"""Small hand-made tables of a fictional municipality for the tests of what goes out."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from hicgeo.schema import RATE_STATES

EVIL = "<img src=x onerror=alert(1)>${alert(2)}</script><script>alert(3)</script>{{7*7}}{% raise %}"
WEST, SOUTH, SIDE = 80_000, 450_000, 700


def areas(columns: int = 4, rows: int = 3, *, evil: bool = False) -> gpd.GeoDataFrame:
    """Blocks with bent shared borders; the last one is water."""
    rng = np.random.default_rng(1)
    corner = {
        (i, j): (WEST + i * SIDE + rng.uniform(-150, 150), SOUTH + j * SIDE + rng.uniform(-150, 150))
        for i in range(columns + 1)
        for j in range(rows + 1)
    }
    shapes = [
        shapely.Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])
        for j in range(rows)
        for i in range(columns)
    ]
    n = len(shapes)
    size = pd.array(np.arange(n) * 100 + 500, dtype="Int64")
    names = [f"Buurt {chr(65 + k % 26)}{k // 26 or ''}" for k in range(n)]
    if evil:
        names[0] = EVIL
    return gpd.GeoDataFrame(
        {
            "name": pd.array(names, dtype="str"),
            "level": "buurt",
            "municipality": pd.array(["GM9999"] * n, dtype="str"),
            "dwellings": size,
            "households": size,
            "residents": size * 2,
            "businesses": size // 10,
            "is_water": [k == n - 1 for k in range(n)],
            "vintage": pd.array([2024] * n, dtype="Int64"),
        },
        geometry=shapes,
        crs="EPSG:28992",
        index=pd.Index([f"BU9999{k:04d}" for k in range(n)], name="code", dtype="str"),
    )


def rates(areas_: gpd.GeoDataFrame) -> pd.DataFrame:
    n = len(areas_)
    incidents = np.arange(n) * 2.0 + 3
    base = areas_["dwellings"].to_numpy(float)
    rate = incidents / base * 1000
    state = np.array(["niet te onderscheiden"] * n, dtype=object)
    state[[1, 2]], state[3], state[4], state[5] = "boven", "onder", "te klein", "onvolledig"
    table = pd.DataFrame(
        {
            "incidents": incidents,
            "base": base,
            "coverage": 1.0,
            "rate": rate,
            "rate_low": rate * 0.7,
            "rate_high": rate * 1.4,
            "rate_eb": rate,
            "norm": 8.0,
            "p_above": 0.5,
            "p_fdr": 0.5,
            "state": pd.Categorical(state, categories=RATE_STATES),
        },
        index=areas_.index,
    )
    table.iloc[5, table.columns.get_loc("coverage")] = 0.8
    table.attrs = {"crime_type": "woninginbraak", "period": "2024", "base": "dwellings", "per": 1000, "norm": 8.0}
    return table


def surface(cell: float = 100.0) -> xr.DataArray:
    x = np.arange(WEST + cell / 2, WEST + 2800, cell)
    y = np.arange(SOUTH + cell / 2, SOUTH + 2100, cell)
    gx, gy = np.meshgrid(x, y)
    density = 40 * np.exp(-((gx - WEST - 900) ** 2 + (gy - SOUTH - 900) ** 2) / 2 / 300**2)
    density += 25 * np.exp(-((gx - WEST - 2100) ** 2 + (gy - SOUTH - 1500) ** 2) / 2 / 200**2)
    attrs = {
        "crs": "EPSG:28992",
        "cell_size": cell,
        "bandwidth": 400.0,
        "kernel": "quartic",
        "edge": "diggle",
        "n": 310,
        "places": "cells",
    }
    return xr.DataArray(density, dims=("y", "x"), coords={"y": y, "x": x}, attrs=attrs)


def hotspots() -> gpd.GeoDataFrame:
    def cells(*at: tuple[int, int]) -> shapely.Geometry:
        corners = np.array(at) * 100 + (WEST, SOUTH)
        return shapely.union_all(shapely.box(*corners.T, *(corners + 100).T))

    spots = gpd.GeoDataFrame(
        {
            "incidents": [61.0, 24.0],
            "expected": [20.5, np.nan],
            "ratio": [61 / 20.5, np.nan],
            "area_ha": [4.0, 3.0],
            "share_incidents": [0.197, 0.077],
            "share_area": [0.007, 0.005],
            "p_value": [np.nan, np.nan],
            "rank_low": [1, 1],
            "rank_high": [1, 3],
            "kind": pd.array(["beschrijvend"] * 2, dtype="str"),
        },
        geometry=[cells((8, 8), (9, 8), (8, 9), (9, 9)), cells((20, 14), (21, 14), (21, 15))],
        crs="EPSG:28992",
        index=pd.RangeIndex(1, 3, name="rank"),
    )
    spots.attrs = {"places": "cells", "rule": "share", "alone": 9.0}
    return spots


def season(areas_: gpd.GeoDataFrame) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([areas_.index, ["2022/23", "2023/24", "alle"]], names=["code", "season"])
    ratio = np.repeat(np.linspace(0.6, 2.0, len(areas_)), 3)
    table = pd.DataFrame({"ratio": ratio, "ratio_low": ratio - 0.25, "ratio_high": ratio + 0.3}, index=index)
    table["complete"] = [name != "2023/24" for name in index.get_level_values("season")]
    table.attrs = {"crime_type": "woninginbraak"}
    return table


def clusters(areas_: gpd.GeoDataFrame, k: int = 2) -> SimpleNamespace:
    month = np.arange(1, 13)
    profiles = pd.DataFrame(
        [1 + 0.1 * g + 0.4 * g * np.cos((month - 1) / 12 * 2 * np.pi) for g in range(k)],
        index=[f"groep {g + 1}" for g in range(k)],
        columns=month,
    )
    labels = pd.Series([f"groep {g % k + 1}" for g in range(len(areas_))], index=areas_.index)
    if k > 1:
        labels.iloc[2] = "niet in te delen"
    ratio = pd.Series(np.linspace(2.0, 1.2, k), index=profiles.index)
    return SimpleNamespace(labels=labels, profiles=profiles, ratio=ratio, k=k, stability=0.71)


def counts(areas_: gpd.GeoDataFrame, months: int = 30) -> pd.DataFrame:
    """Area k has k incidents in every month, plus one in each December; the last month is missing everywhere."""
    span = pd.period_range("2022-07", periods=months, freq="M")
    index = pd.MultiIndex.from_product(
        [areas_.index, ["straatroof", "woninginbraak"], span], names=["code", "crime_type", "month"]
    )
    code, month = index.get_level_values("code"), index.get_level_values("month")
    number = areas_.index.get_indexer(code) + (month.month == 12).astype(float)
    missing = month == span[-1]
    return pd.DataFrame(
        {
            "incidents": np.where(missing, np.nan, number),
            "status": pd.Categorical(
                np.where(missing, "missing", np.where(month == span[-2], "provisional", "final")),
                categories=["final", "provisional", "missing"],
            ),
        },
        index=index,
    )


def targets() -> gpd.GeoDataFrame:
    """Two areas to act in, as `hicgeo.target_areas` answers."""
    table = hotspots()[["area_ha", "rank_low", "rank_high"]].assign(
        expected=[4.2, 2.6],
        expected_low=[1.0, 0.4],
        expected_high=[8.0, 6.1],
        kind=["chronic", "new"],
        dwellings=pd.array([812, pd.NA], dtype="Int64"),
        hours=["vrijdag en zaterdag, 18-23 uur", ""],
        reasons=["Elk jaar hoog; twee herhalingen in de laatste 14 dagen.", "Drie inbraken kort na elkaar."],
        backtest=["Deze keuze ving 21 % van de inbraken van de volgende 28 dagen op 2 % van het gebied."] * 2,
        doubts=["Als een dader net is aangehouden.", ""],
    )
    spots = gpd.GeoDataFrame(table, geometry=hotspots().geometry, crs="EPSG:28992")
    spots.attrs = {"crime_type": "woninginbraak", "horizon_days": 28}
    return spots

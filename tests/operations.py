"""Two areas and made-up incidents: an operation that worked, and one that did not."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

RD = "EPSG:28992"
TREATED = gpd.GeoDataFrame(geometry=[box(0, 0, 500, 500)], index=["A"], crs=RD)
CONTROL = gpd.GeoDataFrame(geometry=[box(3000, 0, 3500, 500)], index=["B"], crs=RD)
TERMS = {
    "name": "donkere dagen", "crime_type": "woninginbraak", "before": ("2023-01-01", "2023-12-31"),
    "during": ("2024-01-01", "2024-12-31"), "expected_fall": 0.3, "written_on": date(2023, 12, 1),
}  # fmt: skip


def incidents(*parts, seed=1, first="2021-01-01"):
    """Incidents at random in boxes: (west, south, size, {year: number})."""
    rng = np.random.default_rng(seed)
    x, y, moment = [], [], []
    for west, south, size, years in parts:
        for year, n in years.items():
            x.append(rng.uniform(west, west + size, n))
            y.append(rng.uniform(south, south + size, n))
            moment.append(pd.Timestamp(f"{year}-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D"))
    x.append([90_000.0, 90_000.0])  # the data run from the first day to the last
    y.append([0.0, 0.0])
    moment.append(pd.DatetimeIndex([first, "2024-12-31"]))
    start = pd.DatetimeIndex(np.concatenate(moment)).as_unit("us").tz_localize("Europe/Amsterdam")
    return gpd.GeoDataFrame(
        {"crime_type": "woninginbraak", "start": start, "end": start},
        geometry=gpd.points_from_xy(np.concatenate(x), np.concatenate(y)), crs=RD,
    )  # fmt: skip


def years(n, factor=1.0):
    return {2021: n, 2022: n, 2023: n, 2024: round(factor * n)}


FALL = incidents((0, 0, 500, years(200, 0.5)), (3000, 0, 500, years(200)))
STILL = incidents((0, 0, 500, years(200)), (3000, 0, 500, years(200)))
MOVED = incidents((0, 0, 500, years(200, 0.5)), (3000, 0, 500, years(200)), (510, 100, 80, {2023: 20, 2024: 120}))

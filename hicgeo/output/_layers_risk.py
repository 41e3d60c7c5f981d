"""Layer of relative risk: tolerance contours as cells, or the ratio where it could not be tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hicgeo.errors import InputError
from hicgeo.output._layers import Entry, Layer, Scene
from hicgeo.output._words_risk import SURE, undated
from hicgeo.output._words_risk import risk as said_of
from hicgeo.output.language import base_name, crime

if TYPE_CHECKING:
    import numpy.typing as npt

COLOURS = {"family": "#8c2d1f", "high": "#e0a080", "low": "#8fb7d3"}
RATIOS = {"high": 2.0, "low": 0.5}
LEAST = 4.0
"""Where fewer are expected a ratio is noise, and is not drawn."""


def risk_layer(risk: Any, scene: Scene) -> Layer:
    """Cells where the risk is above or below what chance gives; of totals of neighbourhoods the ratio itself."""
    if not hasattr(risk, "p_family"):
        raise InputError(
            "risk must be a relative risk", type(risk).__name__, "give the answer of hicgeo.relative_risk"
        )  # fmt: skip
    import geopandas as gpd

    from hicgeo.output._layers_density import say, unions

    about = risk.ratio.attrs
    cell, kind = float(about["cell_size"]), crime(about.get("crime_type"), scene.language)
    words = {
        "base": base_name(risk.base, scene.language), "n": scene.number(risk.n), "units": scene.number(risk.at_risk),
        "bandwidth": scene.number(risk.bandwidth), "kernel": risk.kernel, "crime": kind[:1].upper() + kind[1:],
        "cell": scene.number(cell), "chosen": say(f"bandwidth.{risk.method}", scene),
    }  # fmt: skip
    sides = _classes(risk)
    which = np.zeros(risk.ratio.shape, np.intp)
    for place, side in enumerate(sides):
        which[sides[side]] = place + 1
    shapes = unions(which, risk.ratio["x"].to_numpy(), risk.ratio["y"].to_numpy(), cell, len(sides), about["crs"])
    labels = [
        scene.say(f"risk.{side}") if risk.tested else scene.say(f"risk.ratio.{side}", times=scene.number(limit, 1))
        for side, limit in ((side, RATIOS.get(side, 0.0)) for side in sides)
    ]
    return Layer(
        kind="cells",
        key="risk",
        name=scene.say("layer.risk"),
        unit=scene.say("unit.risk.tested", **words),
        notes=(
            scene.say("note.risk.tested" if risk.tested else "note.risk.untested", **words),
            *(undated(risk, scene.language) if risk.tested else ()),
        ),
        classes=tuple(
            Entry(label, COLOURS[side], f"{scene.number((which == place + 1).sum() * cell**2 / 1e4)} ha")
            for place, (side, label) in enumerate(zip(sides, labels, strict=True))
        ),
        shapes=gpd.GeoSeries(shapes.array, index=shapes.index - 1, crs=shapes.crs),
        headline=said_of(risk, scene.language)[0],
    )


def _classes(risk: Any) -> dict[str, npt.NDArray[np.bool_]]:
    """Cells of each class; a cell is in one only."""
    ratio, family = risk.ratio.to_numpy(), risk.p_family.to_numpy() <= SURE
    if risk.tested:
        here = ~family
        return {
            "family": family, "high": here & (risk.p_high.to_numpy() <= SURE), "low": risk.p_low.to_numpy() <= SURE,
        }  # fmt: skip
    told = risk.expected.to_numpy() >= LEAST
    return {"high": told & (ratio >= RATIOS["high"]), "low": told & (ratio <= RATIOS["low"])}

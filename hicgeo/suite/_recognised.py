"""What tells a single incident of a run, and the sentences that may not speak of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hicgeo.errors import DisclosureError, HicgeoError

if TYPE_CHECKING:
    import geopandas as gpd

    from hicgeo.output._recognised import Recognised
    from hicgeo.suite.run import Run


def borders_of(run: Run) -> gpd.GeoDataFrame:
    """Shapes whose corners may stand in a map of a run: those of its areas, and of what is drawn around them.

    Parameters
    ----------
    run
        The run.
    """
    import geopandas as gpd
    import pandas as pd

    shapes = [run.neighbourhoods, *(part for part, _, _ in run.background.parts)]
    return gpd.GeoDataFrame(geometry=pd.concat([each.geometry.to_crs(28992) for each in shapes], ignore_index=True))


def recognised_in(run: Run) -> Recognised:
    """What tells a single incident of the whole run in a text; nothing when its export cannot be read.

    Parameters
    ----------
    run
        The run.
    """
    from hicgeo.output._recognised import Recognised

    try:
        known = run.intake
    except HicgeoError:
        known = None
    if known is None:
        return Recognised(None)
    values = known.rejected["value"].dropna().astype(str)
    return Recognised(known.incidents, rejected=values, borders=borders_of(run))


def check_sentence(run: Run, sentence: str) -> str:
    """Return a sentence that may stand on a page for others.

    Parameters
    ----------
    run
        Whose page.
    sentence
        One sentence.

    Raises
    ------
    DisclosureError
        It speaks of a single incident of the run, and the profile is an outward one.
    """
    if run.config.profile != "intern" and run.recognised.in_text(sentence):
        raise DisclosureError(
            "a sentence for others must not speak of a single incident",
            "a sentence with the number, address, text or place of one",
            "say it of an area or a period, or use profile='intern'",
        )
    return sentence

"""Plan files: what an operation will be measured by, written before it and read after."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hicgeo.analysis.intervention import ROLES
from hicgeo.analysis.operation import OperationPlan
from hicgeo.errors import InputError
from hicgeo.output import _write

HEAD = "# Plan of an operation, written before it. Change nothing: the digest tells. For the analyst: do not publish.\n"


def write_plan(plan: OperationPlan, path: str | Path) -> Path:
    """Write a plan to a YAML file.

    Parameters
    ----------
    plan
        From `plan_operation`.
    path
        Where. Its folder is made when it does not exist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        There is another plan at this path already, or it cannot be written.

    Notes
    -----
    Written whole or not at all, and never over another plan: a plan that can be replaced proves nothing. The digest
    (SHA-256 of the content) belongs in the minutes of the meeting that decided on the operation, so that a plan made
    anew afterwards is found out; the file alone cannot prove its date.
    """
    target = Path(path)
    if target.exists() and read_plan(target).digest != plan.digest:
        raise InputError(
            "a plan must not be replaced", f"another plan in {target.name!r}", "write it under another name"
        )
    content = plan.content() | {"digest": plan.digest}
    text = HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    return _write.write_bytes(target, text.encode("utf-8"))


def read_plan(path: str | Path) -> OperationPlan:
    """Read a plan that `write_plan` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    OperationPlan
        As it was written.

    Raises
    ------
    InputError
        There is no such file, it is no plan, or it was changed after it was written.

    Notes
    -----
    Read as plain YAML, from which nothing is run. O(bytes).
    """
    import geopandas as gpd
    import shapely

    file = Path(path)
    wrong = InputError(
        "a plan file must be what hicgeo.write_plan wrote", f"{file.name!r}, which is not", "write the plan again"
    )
    try:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        digest = content.pop("digest")
        shapes = content["areas"]
        areas = gpd.GeoDataFrame(
            {"role": [each["role"] for each in shapes]},
            geometry=shapely.from_wkt([each["shape"] for each in shapes]),
            crs=content["crs"], index=pd.Index([each["area"] for each in shapes], name="area", dtype="str"),
        )  # fmt: skip
        before, during = (_span(content[name]) for name in ("before", "during"))
        counts = content["counts_before"]
        fall = content["detectable_fall"]
        plan = OperationPlan(
            name=content["name"], crime_type=content["crime_type"], areas=areas, before=before, during=during,
            expected_fall=content["expected_fall"], measure=content["measure"],
            counts=pd.Series([counts[role] for role in ROLES if role in counts],
                             index=pd.Index([role for role in ROLES if role in counts], name="role"), name="incidents"),
            dispersion=content["dispersion"], detectable_fall=np.nan if fall is None else fall,
            power=content["power"], level=content["level"], written_on=date.fromisoformat(content["written_on"]),
        )  # fmt: skip
    except OSError as error:
        raise InputError("there must be a plan file at the path", f"{type(error).__name__}", "check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError, IndexError,
            shapely.errors.ShapelyError):  # fmt: skip
        raise wrong from None
    if plan.digest != digest:
        raise InputError(
            "a plan must be as it was written", f"{file.name!r}, whose content does not fit its digest",
            "find the plan as it was before the operation; a plan changed afterwards cannot be evaluated",
        )  # fmt: skip
    return plan


def _span(days: list[str]) -> tuple[date, date]:
    first, last = (date.fromisoformat(day) for day in days)
    return first, last

import base64
import io
import json

import pytest
from matplotlib.figure import Figure
from notebook_writer import write_notebook

from hicgeo.errors import ConfigError
from hicgeo.output.pictures import Picture
from hicgeo.suite._notebooks import Notebook, check_parameters, without_rows


def read(folder, name="03-density", parameters="", **kwargs):
    return Notebook.read(write_notebook(folder / f"{name}.ipynb", "1", parameters=parameters, **kwargs))


def nobody(text):
    """What tells whether a text speaks of an incident, where there are none."""
    return False


def test_parameters_are_read_without_running_them(tmp_path):
    notebook = read(tmp_path, parameters="share: float = 0.02  # of the area\nnames = ['a', 'b']\nlimit = None")
    assert notebook.parameters == {"run": "tiny", "municipality": "", "share": 0.02, "names": ["a", "b"], "limit": None}


@pytest.mark.parametrize("line", ["a = open('x')", "a, b = 1, 2", "import os", "a += 1", "print('x')"])
def test_a_parameters_cell_does_nothing_else(tmp_path, line):
    with pytest.raises(ConfigError, match="plain values"):
        read(tmp_path, parameters=line)


def test_what_decides_a_notebook_is_its_source_not_its_outputs(tmp_path):
    path = write_notebook(tmp_path / "01-a.ipynb", "1 + 1")
    before = Notebook.read(path).code
    content = json.loads(path.read_text())
    content["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    path.write_text(json.dumps(content))
    assert Notebook.read(path).code == before
    write_notebook(path, "1 + 2")
    assert Notebook.read(path).code != before


def test_all_wrong_parameters_are_refused_at_once_with_the_nearest_name(tmp_path):
    notebooks = [read(tmp_path, "02-rates"), read(tmp_path, parameters="share = 0.02\nfast = True\nn = 1")]
    given = {"03": {"shaer": 1, "fast": 1, "n": True, "run": "x"}, "7": {"a": 1}, "02-rates": {}}
    with pytest.raises(ConfigError) as caught:
        check_parameters(notebooks, given)
    assert caught.value.given.split("; ") == [
        "03-density: unknown 'shaer' (did you mean 'share'?)",
        "03-density: 'fast' must be bool, not int",
        "03-density: 'n' must be int, not bool",
        "03-density: 'run' is filled in by the run",
        "'7' fits none (known: 02-rates, 03-density)",
    ]


def test_right_parameters_reach_their_notebook(tmp_path):
    notebooks = [read(tmp_path, "02-rates"), read(tmp_path, parameters="share = 0.02\nlimit = None")]
    values = check_parameters(notebooks, {"03": {"share": 1, "limit": ["a"]}})
    assert values == {"02-rates": {}, "03-density": {"share": 1.0, "limit": ["a"]}}
    assert isinstance(values["03-density"]["share"], float)


def output(text, kind="text/html"):
    return {"output_type": "display_data", "data": {kind: text}, "metadata": {"x": 1}}


def executed(*outputs, tags=()):
    cell = {"cell_type": "code", "id": "random", "source": "x", "execution_count": 1, "outputs": list(outputs)}
    cell["metadata"] = {"tags": list(tags), "papermill": {"start_time": "2024-01-01T10:00:00"}, "execution": {}}
    return {
        "cells": [cell],
        "metadata": {"papermill": {"input_path": "/elsewhere/me"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.mark.parametrize(
    "text",
    [
        "<th>incident_id</th>",
        "POINT (81000 455000)",
        "2024-03-01 23:15:00+01:00",
        "seen on 01-03-2024 23:15",
        ["address", "_key"],
    ],
)
def test_rows_of_incidents_are_left_out(text):
    kept = without_rows(executed(output(text)), nobody, outward=True)["cells"][0]["outputs"]
    assert kept == [{"output_type": "stream", "name": "stdout", "text": "[left out: rows of single incidents]\n"}]


def drawn(figure):
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return base64.b64encode(content.getvalue()).decode()


def test_figures_pictures_of_ours_and_markdown_stay():
    good = [
        output("<td>BU99010101</td><td>8,4</td><td>2024-03</td>"),
        output(drawn(Picture()), "image/png"),
        output(Picture()._repr_html_(), "text/html"),
        output("# x", "text/markdown"),
    ]
    kept = without_rows(executed(*good), nobody, outward=True)["cells"][0]["outputs"]
    assert [each["data"] for each in kept] == [each["data"] for each in good]


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/jpeg", "text/html"])
def test_others_do_not_see_pictures_that_hicgeo_did_not_draw(kind):
    theirs = drawn(Figure())
    shown = output(f"<img src='data:image/png;base64,{theirs}'>" if kind == "text/html" else theirs, kind)
    (kept,) = without_rows(executed(shown), nobody, outward=True)["cells"][0]["outputs"]
    assert kept["text"].startswith("[left out: a picture")
    (seen,) = without_rows(executed(shown), nobody, outward=False)["cells"][0]["outputs"]
    assert seen["data"] == shown["data"], "the analyst does"


def test_a_private_cell_shows_nothing():
    assert without_rows(executed(output("8,4"), tags=["private"]), nobody, outward=True)["cells"][0]["outputs"] == []


def test_an_error_of_another_says_only_its_class_and_ours_all():
    wrong = {"output_type": "error", "ename": "KeyError", "evalue": "'VB-000123-07'", "traceback": ["VB-000123-07"]}
    ours = {
        "output_type": "error",
        "ename": "InputError",
        "evalue": "a. Given: b. To do: c.",
        "traceback": ["/elsewhere"],
    }
    shown = json.dumps(without_rows(executed(wrong, ours), nobody, outward=True))
    assert "VB-000123" not in shown
    assert "/elsewhere" not in shown
    assert "KeyError" in shown
    assert "a. Given: b. To do: c." in shown


def test_a_warning_keeps_its_words_and_loses_its_path():
    stderr = {
        "output_type": "stream",
        "name": "stderr",
        "text": "/elsewhere/me/x.py:3: HicgeoWarning: 3 areas\n  warn(x)\n",
    }
    kept = without_rows(executed(stderr), nobody, outward=True)["cells"][0]["outputs"]
    assert [each["text"] for each in kept] == ["HicgeoWarning: 3 areas\n"]


def test_time_place_and_chance_are_gone():
    first, second = executed(output("<X at 0x7f01>", "text/plain")), executed(output("<X at 0x8f02>", "text/plain"))
    second["cells"][0] |= {"id": "other", "metadata": {"papermill": {"start_time": "2025-01-01T10:00:00"}}}
    second["metadata"]["papermill"]["input_path"] = "C:/me"
    assert without_rows(first, nobody, outward=True) == without_rows(second, nobody, outward=True)

"""Writes small notebooks for the tests of the suite."""

import json


def cell(kind, source, tags=()):
    made = {"cell_type": kind, "id": "x", "metadata": {"tags": list(tags)}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def write_notebook(path, *code, parameters="", private=()):
    cells = [
        cell("markdown", "# Question"),
        cell("code", f'run = "tiny"\nmunicipality = ""\n{parameters}', ["parameters"]),
        *(cell("code", source, ["private"] if place in private else []) for place, source in enumerate(code)),
    ]
    for place, each in enumerate(cells):
        each["id"] = f"cell-{place}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path

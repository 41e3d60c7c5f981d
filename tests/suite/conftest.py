"""A tiny project folder with two municipalities, written by hand."""

import json

import pytest

RUN = """\
name: tiny
title: Twee gemeenten
fictional: true
neighbourhoods:
  path: ../areas.geojson
  level: buurt
  columns: {code: code, name: name, municipality: gm, dwellings: homes}
  crs: EPSG:28992
incidents:
  path: ../export.csv
  columns: {incident_id: nr, crime_type: delict, start: van, end: tot, x: x, y: y, municipality: gemeente}
  date: start
  period: [2024-01, 2024-12]
rates:
  period: 2024
handling:
  purpose: proef
  recipient: niemand
  legal_basis: geen
  classification: proef
  retain_until: 2030-01-01
"""

# code, municipality, dwellings, west and south corner in metres: squares of 1 km
AREAS = [
    ("BU99010101", "GM9901", 500, 150000, 520000),
    ("BU99010102", "GM9901", 300, 151000, 520000),
    ("BU99020101", "GM9902", 200, 152000, 520000),
]

# per area: incidents of 2024; besides, one without a place that names GM9902 and one outside
INSIDE = {"BU99010101": 5, "BU99010102": 3, "BU99020101": 2}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Folder of a project in which the current directory stands."""
    root = tmp_path / "project"
    (root / "data" / "runs").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "data" / "runs" / "tiny.yml").write_text(RUN, encoding="utf-8")
    features, lines = [], ["nr;delict;van;tot;x;y;gemeente"]
    for place, (code, town, homes, west, south) in enumerate(AREAS):
        ring = [[west, south], [west + 1000, south], [west + 1000, south + 1000], [west, south + 1000], [west, south]]
        properties = {"code": code, "name": f"Buurt {place}", "gm": town, "homes": homes}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
        for number in range(INSIDE[code]):
            moment = f"{13 + number}-0{number + 1}-2024 10:00"
            lines.append(f"A{place}{number};A20;{moment};{moment};{west + 100 + 50 * number};{south + 500};{town}")
    lines.append("B1;A20;20-03-2024 10:00;20-03-2024 11:00;;;GM9902")
    lines.append("B2;A20;21-03-2024 10:00;21-03-2024 11:00;160000;530000;GM9902")
    lines.append("B3;A21;22-03-2024 10:00;22-03-2024 11:00;150500;520500;GM9901")  # a shed is not HIC: rejected
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    collection = {"type": "FeatureCollection", "crs": crs, "features": features}
    (root / "data" / "areas.geojson").write_text(json.dumps(collection), encoding="utf-8")
    (root / "data" / "export.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.chdir(root)
    monkeypatch.delenv("HICGEO_RUN", raising=False)
    monkeypatch.delenv("HICGEO_NOTEBOOK", raising=False)
    return root


@pytest.fixture
def edit_run(project):
    """Replace text in the run file."""

    def edit(old, new, name="tiny"):
        path = project / "data" / "runs" / f"{name}.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit

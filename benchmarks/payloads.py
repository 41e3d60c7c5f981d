"""Texts that want to run as code, the pages that are made of them, and a browser that tells whether one ran.

Every payload calls `hit()`, or opens a dialog, or asks for a file that is not there; the browser counts all three.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import scenes

from hicgeo.output.briefing import BriefingCard, IndexEntry, write_briefing, write_index
from hicgeo.output.disclosure import Handling
from hicgeo.output.maps import HotspotMap

CALLS = ("hit()", "alert(1)", "top.hit()", "eval('hit()')")
SHAPES = (
    # elements that run something
    "<script>{j}</script>", "<img src=x onerror={j}>", "<svg onload={j}>", "<svg><script>{j}</script></svg>",
    "<body onload={j}>", "<iframe srcdoc=\"<script>parent.{j}</script>\"></iframe>",
    '<iframe src="javascript:{j}"></iframe>', '<a href="javascript:{j}">x</a>', "<details open ontoggle={j}>",
    "<input autofocus onfocus={j}>", "<select autofocus onfocus={j}></select>", "<video><source onerror={j}></video>",
    "<audio src=x onerror={j}></audio>", "<marquee onstart={j}>x</marquee>", "<object data='javascript:{j}'></object>",
    "<embed src='javascript:{j}'>", "<form><button formaction=javascript:{j}>x</button></form>",
    "<svg><animate onbegin={j} attributeName=x dur=1s></svg>", "<IMG/SRC=x/OnErRoR={j}>",
    "<meta http-equiv=refresh content='0;url=javascript:{j}'>", "<base href='javascript:/*'><a href='*/{j}'>x</a>",
    "<style>@import 'x.css';</style><link rel=stylesheet href=x.css onerror={j}>",
    # out of where it stands
    "\"><img src=x onerror={j}>", "'><img src=x onerror={j}>", "</script><script>{j}</script>",
    "--><script>{j}</script>", "<!--<script>{j}</script>", "]]><script>{j}</script>",
    "</title><script>{j}</script>", "</style><script>{j}</script>", "</textarea><script>{j}</script>",
    "</noscript><script>{j}</script>", "</template><svg onload={j}>", "</option></select><img src=x onerror={j}>",
    "\" onmouseover=\"{j}\" x=\"", "' onfocus='{j}' autofocus x='", "x onerror={j} src=x",
    # into a script or a template
    "${{{j}}}", "`;{j};`", "';{j};//", "\";{j};//", "\\\";{j};//", "\\u003cscript\\u003e{j}\\u003c/script\\u003e",
    "\u2028{j};//", "{{{{constructor.constructor(\"{j}\")()}}}}", "{{% raise %}}{{{{7*7}}}}<img src=x onerror={j}>",
    "&lt;img src=x onerror={j}&gt;", "&#60;img src=x onerror={j}&#62;",
    # markdown and mathematics of a notebook
    "[x](javascript:{j}) ![x](x\"onerror=\"{j})", "$\\href{{javascript:{j}}}{{x}}$ <img src=x onerror={j}>",
)  # fmt: skip
PAYLOADS = tuple(shape.format(j=call) for shape in SHAPES for call in CALLS)

OF_NBCONVERT = "https://cdnjs.cloudflare.com/ajax/libs/"
"""Its template asks for MathJax by itself; that is refused like all else, but no fault of ours."""

LISTEN = "window.hits = 0; window.hit = () => { window.hits += 1; }; window.alert = () => { window.hits += 1; };"
"""Runs before any page, and in every frame of it."""


def hostile_map(group: tuple[str, ...], names: tuple[str, ...] = ()) -> HotspotMap:
    """A map with the payloads of a group in every text that enters it, a set of layers for each.

    `names` are those of the areas; without them the payloads are.
    """
    areas = scenes.areas(10, -(-len(names) // 10)) if names else scenes.areas()
    areas["name"] = pd.array([(names or group)[n % len(names or group)] for n in range(len(areas))], dtype="str")
    page = [group[n % len(group)] for n in range(8)]
    handling = Handling(*page[:4], date(2030, 1, 1))
    made = HotspotMap(areas, title=page[4][:200], period=page[5], source=page[6], handling=handling, warning=page[7],
                      fictional=True)  # fmt: skip
    for payload in group:
        _add_layers(made, areas, payload)
    return made


def hostile_head(payload: str) -> HotspotMap:
    """A map with one payload in every text of its head, and one layer."""
    areas = scenes.areas(3, 2)
    handling = Handling(*[payload] * 4, date(2030, 1, 1))
    texts = {"title": payload[:200], "period": payload, "source": payload, "warning": payload}
    return HotspotMap(areas, handling=handling, fictional=True, **texts).add_rates(scenes.rates(areas))


def _add_layers(made: HotspotMap, areas: Any, payload: str) -> None:
    rates = scenes.rates(areas)
    rates.attrs |= {"crime_type": payload, "base": payload, "period": payload, "moved_border": [areas.index[0]]}
    made.add_rates(rates)
    earlier = scenes.rates(areas)
    earlier.attrs = rates.attrs | {"period": f"{payload} 2"}
    made.add_comparison(earlier, rates)
    surface = scenes.surface()
    surface.attrs |= {"kernel": payload, "crime_type": payload}
    made.add_surface(surface, name=payload)
    spots = scenes.hotspots()
    spots.index = pd.Index([payload, f"{payload}2"], name="rank")
    spots["kind"] = payload
    made.add_hotspots(spots)
    targets = scenes.targets()
    for column in ("kind", "hours", "reasons", "backtest", "doubts"):
        targets[column] = payload
    targets.attrs["crime_type"] = targets.attrs["horizon_days"] = payload
    made.add_target_areas(targets)
    season = scenes.season(areas)
    season.attrs["crime_type"] = payload
    made.add_dark_days(season)
    groups = scenes.clusters(areas)
    groups.labels = groups.labels.replace({"groep 1": payload})
    groups.profiles = groups.profiles.rename(index={"groep 1": payload})
    groups.ratio = groups.ratio.rename(index={"groep 1": payload})
    made.add_seasons(groups)
    counts = scenes.counts(areas, months=14).rename(index={"woninginbraak": payload}, level="crime_type")
    made.add_months(counts, crime_type=payload)
    streets = areas[["geometry"]].copy()
    streets.geometry = streets.boundary
    made.add_background(streets, kind="streets", name=payload)
    around = areas[["name", "geometry"]].iloc[:2].copy()
    around.geometry = around.buffer(900)
    made.add_background(around, kind="neighbours")


def hostile_lists(folder: Path, payload: str, made: HotspotMap, many: tuple[str, ...] = ()) -> dict[str, Path]:
    """Index and briefing with the payload in all their texts; `many` has a card or a line for each."""
    lines = many or (payload,)
    parts = [*made.brief(), {"key": "norm", "headline": payload, "table": [list(lines)] * 2, "notes": [payload]},
             {"key": "targets", "headline": payload, "table": [list(lines)] * 2, "table_of": payload,
              "notes": [payload] * 2}]  # fmt: skip
    cards = [
        BriefingCard(payload, b"\x89PNG", lines, tuple(parts)),
        BriefingCard(payload, b"", lines, ({"key": "dark"},)),
    ]
    safe = re.sub(r"[^\w .%-]", "_", payload)  # the audit refuses a page that links to a file name with more in it
    listed = many or lines * 4  # so many that the page begins with a list of them
    entries = [IndexEntry(each, f"kaart {n} {safe}.html", b"\x89PNG", (each,), (f"{safe}.csv",), (each, each),
                          ((f"pagina {safe}.html", each),), each) for n, each in enumerate(listed)]  # fmt: skip
    handling = Handling(payload, payload, payload, payload, date(2030, 1, 1))
    common = {"handling": handling, "period": payload, "source": payload, "fictional": True}
    return {
        "index": write_index(
            folder / "index.html",
            title=payload,
            entries=entries,
            missing=[(payload, payload)],
            left_out=[(payload, payload)],
            **common,
        ),
        "briefing": write_briefing(folder / "briefing.html", title=payload, cards=cards, **common),
    }


def hostile_pages(folder: Path, payload: str, names: tuple[str, ...] = ()) -> dict[str, Path]:
    """Map, index and briefing with the payload in all their texts."""
    made = hostile_map((payload,), names)
    return {"map": made.save(folder / "kaart.html"), **hostile_lists(folder, payload, made, names)}


def without_policy(path: Path) -> Path:
    """A copy of a page from which the policy was taken out."""
    page = path.read_text(encoding="utf-8")
    open_page = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page)
    assert open_page != page
    copy = path.with_name(f"open-{path.name}")
    copy.write_text(open_page, encoding="utf-8")
    return copy


ACTING = frozenset({"/JavaScript", "/JS", "/Launch", "/OpenAction", "/AA", "/URI", "/EmbeddedFile", "/RichMedia",
                    "/AcroForm", "/GoToR", "/SubmitForm", "/Annots"})  # fmt: skip


def acting(path: Path) -> set[str]:
    """Entries of a PDF that make a reader do something, an empty list of annotations apart."""
    import pypdf

    found, seen, left = set(), set(), [pypdf.PdfReader(path).trailer["/Root"]]
    while left:
        it = left.pop().get_object()
        if id(it) in seen:
            continue
        seen.add(id(it))
        if isinstance(it, dict):
            found |= {key for key, value in it.items() if key in ACTING and value.get_object() != []}
            left += it.values()
        elif isinstance(it, list):
            left += it
    return found


class Watch:
    """A browser that goes through a page as a reader would and counts what ran."""

    def __init__(self, browser: object) -> None:
        self.context = browser.new_context(locale="nl-NL", viewport={"width": 1200, "height": 800})  # type: ignore[attr-defined]
        self.context.add_init_script(LISTEN)
        self.asked: list[str] = []
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.dialogs = 0
        self.page.on("dialog", self._dialog)

    def _answer(self, route: object) -> None:
        self.asked.append(route.request.url)  # type: ignore[attr-defined]
        own = route.request.url.startswith("file:") and route.request.is_navigation_request()  # type: ignore[attr-defined]
        route.continue_() if own else route.abort()  # type: ignore[attr-defined]

    def _dialog(self, dialog: object) -> None:
        self.dialogs += 1
        dialog.dismiss()  # type: ignore[attr-defined]

    def visit(self, path: Path, payload: str = "") -> int:
        """Open a page, use all of it, and return how often something ran or was asked for that should not."""
        self.asked, self.dialogs = [], 0
        self.page.goto(path.as_uri())
        self.page.evaluate(USE, payload)
        self.page.wait_for_timeout(30)
        hits = sum(frame.evaluate("window.hits || 0") for frame in self.page.frames)
        foreign = [url for url in self.asked if url != path.as_uri() and not url.startswith(OF_NBCONVERT)]
        return hits + self.dialogs + len(foreign)


USE = """(payload) => {
  const all = (css) => [...document.querySelectorAll(css)];
  for (const each of all("details")) { each.open = true; each.dispatchEvent(new Event("toggle")); }
  const find = document.getElementById("find");
  if (find) {
    find.value = payload; find.dispatchEvent(new Event("input")); find.dispatchEvent(new Event("change"));
  }
  for (const choice of all("#themes input, #overlays input, #beside")) {
    choice.click();
    const table = document.getElementById("figures");
    if (table) table.dispatchEvent(new Event("toggle"));
    for (const path of all("path.leaflet-interactive").slice(0, 3)) {
      path.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
      path.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }
  }
  for (const box of all("#overlays input")) if (!box.checked) box.click();
  for (const mark of all(".leaflet-marker-icon")) {
    for (const what of ["mouseover", "mousedown", "mouseup", "click", "focus"])
      mark.dispatchEvent(new MouseEvent(what, { bubbles: true }));
  }
}"""


def hostile_notebook(folder: Path, group: tuple[str, ...]) -> Path:
    """An executed notebook as a web page: settings, file and column names, rejects, tables and a map of payloads."""
    import nbformat
    from nbconvert import HTMLExporter

    folder.mkdir(exist_ok=True)
    shown = [(payload, each) for payload in group for each in _shown(folder, payload)]
    shown.append((group[0], hostile_map(group[:1])._repr_html_()))
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": each, "text/plain": payload})
        for payload, each in shown
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("shown", outputs=outputs)])
    body, _ = HTMLExporter().from_notebook_node(notebook)
    page = folder / "notebook.html"
    page.write_text(body, encoding="utf-8")
    return page


def _shown(folder: Path, payload: str) -> list[str]:
    """What a notebook shows of a run, an intake, its rejects and tables that are made of a payload."""
    import yaml

    import hicgeo as hg
    from hicgeo.suite.config import RunConfig
    from hicgeo.suite.run import Run

    plain = payload.replace("\u2028", " ")  # YAML and the header of a CSV know it as the end of a line
    name = plain.replace("/", "_")[:80]
    export = folder / f"{name}.csv"
    lines = [
        ["nr", "delict", "van", "tot", "x", "y", f"{plain} kolom"],
        ["1", "A20", "13-01-2024 10:00", "13-01-2024 11:00", "150100", "520500", payload],
        ["2", payload, "13-01-2024 10:00", "13-01-2024 11:00", "150100", "520500", payload],
        ["3", "A20", payload, payload, "150100", "520500", payload],
        [payload, "A20", "13-01-2024 10:00", "13-01-2024 11:00", payload, payload, payload],
    ]
    quoted = ["\t".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines]
    export.write_text("\r\n".join(quoted), encoding="utf-8")
    ours = ("incident_id", "crime_type", "start", "end", "x", "y", "modus")
    columns = dict(zip(ours, lines[0], strict=True))
    intake = hg.read_incidents(export, columns=columns, crs="EPSG:28992")
    settings = {
        "name": "hostile",
        "title": plain,
        "neighbourhoods": {"path": "areas.gpkg", "level": "buurt"},
        "incidents": {"path": "export.csv", "columns": columns, "date": "start", "period": ["2024-01", "2024-12"],
                      "source": plain},
        "rates": {"period": "2024"},
        "handling": {**dict.fromkeys(("purpose", "recipient", "legal_basis", "classification"), plain),
                     "retain_until": "2030-01-01"},
        "crime_types": {"woninginbraak": {"base": "dwellings"}},
    }  # fmt: skip
    file = folder / "run.yml"
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return [
        Run(RunConfig.read(file), folder)._repr_html_(),
        intake._repr_html_(),
        hg.propose_intake(export)._repr_html_(),
        hg.quality_table(intake)._repr_html_(),
        intake.rejected._repr_html_(),
        intake.incidents._repr_html_(),
        pd.DataFrame({payload: [payload]}, index=pd.Index([payload], name=payload))._repr_html_(),
        scenes.areas().assign(name=payload)._repr_html_(),
    ]

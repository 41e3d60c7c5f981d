"""Every place where text from data reaches a page: found in the code itself, so that a new one cannot be forgotten."""

import ast
import json
import re
from pathlib import Path

import jinja2
import payloads
import pytest

import hicgeo
from hicgeo.output import _offline, briefing

PACKAGE = Path(hicgeo.__file__).parent
TEMPLATES = PACKAGE / "output" / "templates"
PAGES = sorted(each.name for each in TEMPLATES.glob("*.j2"))
PAYLOAD = "<img src=x onerror=hit()>"

# what makes mark-up or code of a text
MAKERS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\b"
    r"|new\s+Function|Function\(|javascript:|setAttribute\(\s*[\"']on|\.on[a-z]+\s*=[^=]"
    r"|set(?:Timeout|Interval)\(\s*[\"'`]|\.(?:href|src|action|formAction|data)\s*=[^=]"
    r"|(?:bindTooltip|bindPopup|setContent|setTooltipContent)\((?!\(\) =>)"  # Leaflet takes a text for mark-up
    r"|\bhtml:(?! label,)|attribution:(?! page\.tiles)"
)

# Expressions of templates without text from data. Links: `write_index` takes relative paths only, and the audit refuses
# other signs than a file name has. Pictures are base64. All else is a file of ours or a text of the catalogue.
NO_DATA = {
    "_parts.html.j2": {"page.mark", "page.classification", "page.fictional", "label", "page.limits_title", "line",
                       "page.handling_title", "page.no_handling"},
    "briefing.html.j2": {"page.language", "policy", "own_style", "briefing_style", "section.key", "section.title",
                         "words.things", "words.map", "picture", "page.reported", "table.of"},
    "index.html.j2": {"page.language", "page.contents", "loop.index", "policy", "own_style", "entry.href",
                      "entry.picture", "page.more", "href", "page.tables", '", " if not loop.last', "section.title",
                      "section.rule", "page.reported"},
    "map.html.j2": {"page.language", "policy", "leaflet_style", "own_style", "leaflet_script", "head", "map_style",
                    "body", "steps_script", "own_script", "script", "page.noscript", "page.reported",
                    *(f"page.words.{each}" for each in ("map", "swipe", "month", "month_back", "month_on",
                      "year_before", "legend", "show", "above", "find", "choose", "hint", "as_table"))},
}  # fmt: skip
EXPRESSION = re.compile(r"\{\{(?!\s*parts?[.(])(.*?)\}\}")

# What is put in mark-up by hand besides what is escaped or formatted as a number: numbers and words of our own.
BY_HAND = {
    "darkness.py": {"self.period[0]", "self.period[1]", "self.n", "self.unit"},
    "operation.py": {"self.verdict"},
    "outlook.py": {"self.season", "self.last_month"},
    "season_groups.py": {"groups", "self.months[0]", "self.months[1]", "unclear", "stability"},
    "_geo.py": {"kind", "about", "listed", "symbols", "place", "_properties(colour)", "_at(centre.x, centre.y)", "text",
                "segments", "key", "value", "''.join((f'<trkpt {_at(x, y)}/>' for x, y in ring.coords))", "_at(x, y)",
                "_xml(hours)", "about_it"},
    "_offline.py": {"text"},
    "pictures.py": {"b64encode(self.png()).decode()"},
    "_protect.py": {"self.threshold - 1", "said"},
    "_profile.py": {"_YMD", "_WORDED", "_THREE", "_SERIAL", "_CLOCK"},  # named groups of a regular expression
    "proposal.py": {"self._extent()", "said", "width", "height", "squares", "column * side", "row * side", "side",
                    "_COLOURS[shade]"},
    "_exports.py": {"rows"},
}  # fmt: skip

# What notebooks show as Markdown, which lets HTML through: `tell` escapes, a kind is checked by the run file, and the
# other sentences hold no names.
AS_MARKDOWN = {
    "f'**{kind}**. {here.tell(table, ranks)}'", "here.tell(change, lasting, trend)", "here.tell(targets, *beside)",
    "f'**{kind}**. {here.tell(spread)}'", "here.tell(test)", r"'\n\n'.join(sentences)", "' '.join(sentences)",
    "f'**{kind}**. ' + ' '.join(hg.in_words(table, language=language))", "f'**{half}**, {part.n} incidents'",
    *(f"' '.join(hg.in_words({each}, language=language))" for each in ("table", "found", "seen")),
    "f'{near:.1%} lie within 25 m of a border, about as accurate as borders and addresses are.'",
}  # fmt: skip


def source(name):
    return (TEMPLATES / name).read_text(encoding="utf-8")


def test_every_expression_of_a_template_met_a_payload(tmp_path, monkeypatch):
    met = set()

    def note(where, value):
        if PAYLOAD in str(value):
            met.add(where)
        return value

    def marked(name):
        return EXPRESSION.sub(lambda it: f"{{{{ note({(name, it[1].strip())!r}, {it[1]}) }}}}", source(name))

    environment = _offline.templates().overlay(loader=jinja2.FunctionLoader(marked))
    environment.globals = {**environment.globals, "note": note}
    for module in (_offline, briefing):
        monkeypatch.setattr(module, "templates", lambda: environment)
    payloads.hostile_pages(tmp_path, PAYLOAD)
    shown = {name: {found.strip() for found in EXPRESSION.findall(source(name))} for name in PAGES}
    for name, spared in NO_DATA.items():
        assert spared <= shown[name], "what is no longer there needs no excuse"
        assert {(name, each) for each in shown[name] - spared} <= met


def test_templates_escape_and_quote_all_that_they_show():
    assert _offline.templates().autoescape is True
    for name in PAGES:
        text = source(name)
        assert not re.search(r"\|\s*safe|autoescape|\bMarkup\b", text), name
        assert not re.search(r"=\s*\{\{", text), f"{name}: an attribute without quotes"
        assert not re.search(r"\son[a-z]+\s*=", text), f"{name}: an attribute that is a script"


@pytest.mark.parametrize("name", ["map.js", "steps.js"])
def test_a_script_makes_no_mark_up_and_no_code_of_a_text(name):
    assert [found[0] for found in MAKERS.finditer(source(name))] == []


@pytest.mark.parametrize(
    "line",
    [
        "node.innerHTML = name;", "node.outerHTML += name", 'node.insertAdjacentHTML("beforeend", name)',
        "document.write(name)", "eval(name)", "new Function(name)", 'node.setAttribute("onclick", name)',
        "node.onclick = name;", 'setTimeout("go(" + name)', "link.href = name;", "layer.bindTooltip(name)",
        "L.divIcon({ html: name })", "layer.bindPopup(`<b>${name}</b>`)", "frame.srcdoc = name", "image.src = name",
        "L.tileLayer(a, { attribution: name })",
    ],
)  # fmt: skip
def test_the_rule_on_scripts_can_refuse(line):
    assert MAKERS.search(line)


def trees():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def test_only_files_of_ours_are_taken_as_mark_up():
    found = {
        ast.unparse(node.args[0])
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Markup"
    }
    files = {"leaflet_script()", "leaflet_style()", "own_text('page.css')", "own_text('briefing.css')"}
    by_folium = {"head", "body", "script"}  # in which texts of ours are blocks of JSON
    assert found - {"own_text(name)"} == files | by_folium


def escaped(part):
    name = getattr(part.value, "func", None)
    return part.format_spec is not None or getattr(name, "id", getattr(name, "attr", "")) in (
        "escape",
        "quoteattr",
        "to_html",
    )


def test_mark_up_made_by_hand_escapes_its_texts():
    for name, tree in trees():
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        tagged = [each for each in texts if re.search(r"</?[a-z]", "".join(
            str(part.value) for part in each.values if isinstance(part, ast.Constant)))]  # fmt: skip
        bare = {
            ast.unparse(part.value)
            for each in tagged
            for part in each.values
            if isinstance(part, ast.FormattedValue) and not escaped(part)
        }
        assert bare <= BY_HAND.get(name, set()), name
        assert not any(
            isinstance(node, ast.keyword) and node.arg == "escape" and getattr(node.value, "value", None) is False
            for node in ast.walk(tree)
        ), name


def test_notebooks_show_nothing_as_markdown_that_was_not_looked_at():
    found = set()
    for path in sorted((PACKAGE.parent / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
                assert name not in ("HTML", "Javascript", "Latex", "SVG"), path.name
                if name == "Markdown" and not all(
                    isinstance(each, ast.Constant | ast.IfExp | ast.Name | ast.Load) for each in ast.walk(node.args[0])
                ):
                    found.add(ast.unparse(node.args[0]))
    assert found <= AS_MARKDOWN


def test_json_in_a_page_cannot_end_its_script():
    text = "</script><!--<script>--> ]]>& \u2028\u2029"
    block = _offline.json_block("n", {text: [text]})
    inside = re.fullmatch(r'<script type="application/json" id="n">(.*)</script>', block)[1]
    assert not re.search("[<>&\u2028\u2029]", inside)
    assert json.loads(inside) == {text: [text]}


def test_every_block_of_a_hostile_map_is_inert(tmp_path):
    group = (
        "</script><script>hit()</script>",
        "--><script>hit()</script>",
        "<!--<script>hit()</script>",
        "\u2028hit()",
    )
    page = payloads.hostile_map(group).save(tmp_path / "kaart.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert len(blocks) > 30
    assert not any(re.search("[<>\u2028\u2029]", each) for each in blocks)
    assert not any("hit()" in each for each in re.findall(r"<script>(.*?)</script>", page, re.DOTALL))

"""Every place of the script of a map that shows a text: found in its source, and each must have shown a payload."""

import json
import re

import payloads
import pytest

from hicgeo.output._offline import own_text

pytestmark = pytest.mark.browser
PAYLOAD = "<img src=x onerror=hit()>"

SHOWS = re.compile(
    r"""make\("\w+", [^,()]*, (?!")(?!text\))|\.textContent = (?!text;)|\.value = |\.title = |new Option"""
    r"""|setAttribute\("aria-\w+", (?!")|createTextNode|\.append\((?:`|[\w.]+\.name)"""
)
NO_DATA = re.compile(  # the catalogue, numbers, and names of months
    r"""page\.words\.\w+|layer\.digest_of|counted\(layer, place\)|range\.(?:value|max) = |now\.textContent(?: = )?"""
    r"""|button\.title = label|button\.setAttribute\("aria-label", label|swipe\.setAttribute\("""
    r"""|byId\("(?:left|right)"\)\.textContent = |byId\("found"\)\.textContent = \"\""""
)

HOOK = """(() => {
  const mark = %s;
  window.met = new Set();
  const note = (value) => {
    if (!String(value).includes(mark)) return;
    for (const found of String(new Error().stack).matchAll(/\\.html:(\\d+):/g)) window.met.add(Number(found[1]));
  };
  const watch = (type, name) => {
    const own = Object.getOwnPropertyDescriptor(type.prototype, name);
    Object.defineProperty(type.prototype, name, { ...own, set(value) { note(value); own.set.call(this, value); } });
  };
  watch(Node, "textContent"); watch(HTMLOptionElement, "value"); watch(HTMLElement, "title");
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) { note(value); set.call(this, name, value); };
})();"""


def lines_that_show(name):
    lines = enumerate(own_text(name).split("\n"))
    return [(place, line.strip()) for place, line in lines if SHOWS.search(NO_DATA.sub('"', line))]


def test_every_line_of_the_script_that_shows_a_text_showed_a_payload(chromium, tmp_path):
    path = payloads.hostile_pages(tmp_path, PAYLOAD, (PAYLOAD, f"{PAYLOAD} 2"))["map"]
    context = chromium.new_context()
    context.add_init_script(payloads.LISTEN)
    context.add_init_script(HOOK % json.dumps(PAYLOAD))
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate(payloads.USE, PAYLOAD)
    met = set(page.evaluate("[...window.met]"))
    assert page.evaluate("window.hits") == 0
    context.close()
    html = path.read_text(encoding="utf-8").split("\n")
    for name in ("map.js", "steps.js"):
        first, second = (own_text(name).split("\n")[at].rstrip() for at in (1, 2))
        offset = next(n for n in range(len(html)) if html[n : n + 2] == [first, second])
        shows = lines_that_show(name)
        assert shows or name == "steps.js"
        assert [line for place, line in shows if offset + place not in met] == [], name


def test_the_search_for_places_finds_a_new_one():
    for line in ('node.append(make("p", "note", layer.remark));', "label.textContent = it.name;",
                 'node.setAttribute("aria-label", layer.name);', "option.value = it.name;"):  # fmt: skip
        assert SHOWS.search(line)

/* Draws the JSON blocks of the page on a Leaflet map. Text from data reaches the page through textContent only. */
(function () {
  "use strict";
  L.Control.Attribution.prototype.options.prefix = "Leaflet";
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = String(text).replace(/(\d) %/g, "$1\u00a0%"); // not broken between the two
    return node;
  };
  const WATER = "#cfe4ef", LAND = "#f7f8f6", INK = "#14181c";
  let map, page, areas, before, border, steps;
  let theme = null;
  let marked = null; // feature whose figures are in the card
  let moved = false; // a reader has chosen what to look at
  const themes = [];
  const overlays = [];
  const names = []; // nodes of what lies around
  const labels = []; // marker of a rank, the bounds of its shape, and the key of its layer
  const byCode = new Map();

  const classOf = (layer, code, step) => (layer.frames ? layer.frames.member[code]?.[step] : layer.member[code]);
  const valuesOf = (layer, code, step) => (layer.frames ? layer.frames.values[code]?.[step] : layer.values[code]);

  const LONG = 34; // characters: a sentence, which goes below its label and not into a tip

  /* Figures under a title; `columns` are lists of values, each with a heading when there are two. */
  function card(title, unit, rows, columns, headings, brief) {
    const node = make("div", "card");
    node.append(make("h2", "", title));
    if (columns.length && unit) node.append(make("p", "unit", unit));
    const table = make("table");
    if (headings) {
      const line = make("tr");
      line.append(make("td"), ...headings.map((each) => { const th = make("th", "", each); th.scope = "col"; return th; }));
      table.append(line);
    }
    rows.forEach((label, place) => {
      const said = columns.map((values) => values[place]);
      if (!said.some(Boolean)) return;
      const long = said.some((each) => each.length > LONG);
      if (long && brief) return;
      const th = make("th", "", label);
      th.scope = "row";
      const cells = said.map((each) => make("td", "", each));
      const line = make("tr");
      line.append(th);
      table.append(line);
      if (!long || cells.length > 1) { line.append(...cells); return; }
      const below = make("tr", "long");
      th.colSpan = cells[0].colSpan = 2;
      below.append(...cells);
      table.append(below);
    });
    if (table.childNodes.length) node.append(table);
    return node;
  }

  /* A surface says nothing of one area: its card then shows the first layer that does. */
  function areaCard(feature) {
    const told = theme && theme.kind === "areas" ? theme : themes.find((each) => each.kind === "areas");
    const name = feature.properties.name;
    if (!told) return card(name, "", [], []);
    const shown = told.frames ? [told.beside, told.step].filter((each) => each !== null) : [null];
    const columns = shown.map((step) => valuesOf(told, feature.id, step)).filter(Boolean);
    const headings = told.frames ? shown.map((step) => told.frames.labels[step]) : [];
    const unit = headings.length === 1 ? `${told.unit} (${headings[0]})` : told.unit;
    return card(name, unit, told.rows, columns, columns.length === 2 ? headings : null);
  }

  const fill = (layer, feature, step) => {
    const entry = layer && layer.kind === "areas" ? layer.classes[classOf(layer, feature.id, step)] : null;
    if (!entry) return feature.properties.water ? WATER : LAND;
    return entry.pattern ? `url(#${entry.pattern})` : entry.colour;
  };
  const tiled = () => Boolean(page.tiles && page.tiles.drawn);
  const areaStyle = (feature) => ({
    color: "#5d6a75", weight: 0.8, fillColor: fill(theme, feature, theme && theme.step),
    fillOpacity: !theme || theme.kind === "cells" ? 0 : tiled() ? 0.65 : 1,
  });
  const beforeStyle = (feature) => ({ color: "#5d6a75", weight: 0.8, fillOpacity: 1, fillColor: fill(theme, feature, theme.beside) });
  const groundStyle = (feature) => ({ stroke: false, fillOpacity: tiled() ? 0 : 1, fillColor: feature.properties.water ? WATER : LAND });

  const held = (layer, place) => Object.keys(layer.frames ? layer.frames.member : layer.member)
    .filter((code) => byCode.has(code) && classOf(layer, code, layer.step) === place).length;

  const used = (layer, entry, place) => entry.pattern === "outline" ? layer.marked && layer.marked.length : held(layer, place);

  /* On paper nobody can ask for a card: the lines that matter most stand under the legend. */
  function digest(layer) {
    const table = make("table", `digest ${layer.key}`);
    if (layer.digest_of) table.append(make("caption", "", layer.digest_of));
    layer.digest.forEach((said, n) => {
      const line = make("tr");
      line.append(...said.map((each) => make(n ? "td" : "th", "", each)));
      table.append(line);
    });
    return table;
  }

  /* Legend counts of a layer with periods are those of the period that is shown. */
  function counted(layer, place) {
    if (!layer.frames) return layer.classes[place].count;
    const n = held(layer, place);
    return `${n.toLocaleString(page.language)} ${n === 1 ? page.words.area : page.words.areas}`;
  }

  function legendBlock(layer) {
    const block = make("div", "legend-block");
    block.append(make("h2", "", layer.name), make("p", "unit", layer.unit));
    if (layer.headline && !layer.notes.includes(layer.headline)) block.append(make("p", "headline", layer.headline));
    const list = make("ul", "classes");
    layer.classes.forEach((entry, place) => {
      if (layer.kind === "areas" && entry.pattern && !used(layer, entry, place)) return; // nothing is drawn so
      const line = make("li");
      const swatch = make("span", `swatch ${entry.pattern}`);
      if (!entry.pattern) swatch.style.background = entry.colour;
      line.append(swatch, make("span", "", entry.label), make("span", "count", counted(layer, place)));
      list.append(line);
    });
    block.append(list);
    const told = layer.frames ? [layer.frames.notes[layer.step], ...layer.notes] : layer.notes;
    for (const note of told) if (note) block.append(make("p", "note", note));
    if (layer.digest.length > 1) block.append(digest(layer));
    return block;
  }

  /* The figures of a layer as a table, for whoever cannot see or does not trust the colours. */
  function figures(layer) {
    const table = make("table");
    table.append(make("caption", "", layer.frames ? `${layer.name}, ${layer.frames.labels[layer.step]}` : layer.name));
    const head = make("tr");
    const spots = layer.kind === "spots";
    for (const label of [spots ? layer.name : page.words.name, ...layer.rows]) {
      const th = make("th", "", label);
      th.scope = "col";
      head.append(th);
    }
    table.append(head);
    const lines = spots
      ? Object.keys(layer.values).sort((a, b) => a - b).map((rank) => [layer.titles[rank], layer.values[rank]])
      : page.areas.features.map((each) => [each.properties.name, valuesOf(layer, each.id, layer.step)]).filter((each) => each[1])
        .sort((a, b) => a[0].localeCompare(b[0], page.language));
    for (const [title, values] of lines) {
      const line = make("tr");
      const th = make("th", "", title);
      th.scope = "row";
      line.append(th, ...values.map((value) => make("td", "", value)));
      table.append(line);
    }
    return table;
  }

  function tabulate() {
    const shown = [theme && theme.kind === "areas" ? theme : null, ...drawn()].filter((each) => each && each.rows.length);
    byId("figures").hidden = !shown.length;
    if (byId("figures").open) byId("table").replaceChildren(...shown.map(figures));
  }

  const drawn = () => overlays.filter((each) => map.hasLayer(each.drawn));

  function refresh() {
    for (const each of themes) {
      if (!each.drawn) continue;
      if (each === theme) each.drawn.addTo(map); else each.drawn.remove();
    }
    areas.setStyle(areaStyle);
    if (border) border.remove();
    border = theme && theme.marked && theme.marked.length ? L.geoJSON(page.areas, {
      ...whole, pane: "marked", interactive: false, filter: (f) => theme.marked.includes(f.id), style: { fill: false, color: INK, weight: 3.2 },
    }).addTo(map) : null;
    const beside = Boolean(theme && theme.frames && theme.beside !== null);
    if (beside) before.addTo(map).setStyle(beforeStyle); else before.remove();
    steps.show(theme);
    if (marked) byId("card").replaceChildren(areaCard(marked));
    byId("legend").replaceChildren(...[theme, ...drawn()].filter(Boolean).map(legendBlock));
    tabulate();
  }

  function choice(where, type, name, checked, change) {
    const label = make("label");
    const input = make("input");
    input.type = type;
    input.name = where;
    input.checked = checked;
    input.addEventListener("change", () => change(input.checked));
    label.append(input, make("span", "", name));
    const field = byId(where);
    field.hidden = false;
    field.append(label);
    return input;
  }

  /* Borders come simplified together: simplified one by one, neighbours would part. */
  const whole = { smoothFactor: 0 };

  /* A double line around what is chosen, since a single thick one has a meaning in the legend. */
  const edges = { hovered: null, chosen: null };
  const lines = { hovered: [[INK, 2.2]], chosen: [[INK, 5.5], ["#ffffff", 2]] };
  function edge(which, feature) {
    if (edges[which]) edges[which].remove();
    edges[which] = feature ? L.featureGroup(lines[which].map(([color, weight]) => L.geoJSON(feature, {
      ...whole, pane: "edges", interactive: false, style: { fill: false, color, weight },
    }))).addTo(map) : null;
  }

  /* Beside the map the panel scrolls to the figures; on a phone they are right below it, and the map stays in sight. */
  function tell(content) {
    const node = byId("card");
    node.replaceChildren(content);
    if (matchMedia("(min-width: 52rem)").matches) { node.scrollIntoView({ block: "nearest" }); return; }
    const down = (part, end) => part.getBoundingClientRect().bottom - end;
    scrollBy(0, Math.max(0, Math.min(down(node, innerHeight), down(map.getContainer(), innerHeight / 2))));
  }

  /* Hundreds of shapes are no stops for the Tab key: the search, the labels and the table are. */
  const offTab = (layer) => layer.on("add", () => layer.getElement().setAttribute("tabindex", "-1"));

  function show(feature) {
    marked = feature;
    edge("chosen", feature);
    tell(areaCard(feature));
  }

  function pane(name, level, through) {
    const node = map.createPane(name);
    node.style.zIndex = level;
    if (through) node.style.pointerEvents = "none";
  }

  function start(target) {
    map = target;
    page = read("hicgeo-page");
    map.getContainer().setAttribute("role", "group");
    map.getContainer().setAttribute("aria-label", page.words.map);
    for (const [name, level, through] of [["around", 310, true], ["ground", 330, true], ["cells", 350, true], ["before", 405, true],
      ["streets", 410, true], ["outline", 420, true], ["marked", 425, true], ["edges", 430, true], ["spots", 450, false]]) pane(name, level, through);
    fit();
    page.background.forEach(drawBackground);
    const ground = L.geoJSON(page.areas, { ...whole, pane: "ground", interactive: false, style: groundStyle }).addTo(map);
    areas = L.geoJSON(page.areas, {
      ...whole, style: areaStyle,
      onEachFeature: (feature, layer) => {
        byCode.set(feature.id, layer);
        layer.bindTooltip(() => areaCard(feature), { sticky: true, className: "tip", direction: "auto", opacity: 1 });
        layer.on("click", () => show(feature));
        layer.on("mouseover", () => edge("hovered", feature));
        layer.on("mouseout", () => edge("hovered", null));
        offTab(layer);
      },
    }).addTo(map);
    before = L.geoJSON(page.areas, { ...whole, pane: "before", interactive: false });
    L.geoJSON(page.outline, { ...whole, pane: "outline", interactive: false, style: { fill: false, color: "#2b3640", weight: 2 } }).addTo(map);
    L.control.scale({ metric: true, imperial: false, maxWidth: 140 }).addTo(map);
    north();
    for (const [css, label] of [["in", page.words.zoom_in], ["out", page.words.zoom_out]]) {
      const button = map.getContainer().querySelector(`.leaflet-control-zoom-${css}`);
      if (button) { button.title = label; button.setAttribute("aria-label", label); }
    }
    steps = hicgeoSteps(map, page, refresh);
    search();
    tiles(ground);
    byId("figures").addEventListener("toggle", tabulate);
    for (const form of ["layers", "search"]) byId(form).addEventListener("submit", (event) => event.preventDefault());
  }

  /* A margin is never more than half of a map, which may have no size at all while nobody sees it (a frame that is not
     shown yet, a background tab): what is left of it then has no zoom, and Leaflet does not recover from that. */
  function frame(bounds, margin) {
    const size = map.getSize();
    map.fitBounds(bounds, { animate: false, padding: [Math.min(margin, size.x / 4), Math.min(margin, size.y / 4)] });
  }

  /* Another screen and paper have another shape: show all of it as long as nobody moved the map, on paper what they saw. */
  function fit() {
    const paper = matchMedia("print"), snap = map.options.zoomSnap;
    const all = () => frame(page.bounds, 12);
    all();
    let view = map.getBounds();
    const hand = () => { moved = true; };
    for (const each of ["wheel", "keydown", "dblclick", "touchmove", "mousedown"]) map.getContainer().addEventListener(each, hand, { passive: true });
    map.on("moveend", () => { if (!paper.matches) view = map.getBounds(); });
    map.on("resize", () => { if (!moved) all(); }); // a phone is turned, or the slider takes its place
    paper.addEventListener("change", () => {
      const shown = view;
      map.options.zoomSnap = paper.matches ? 0 : snap;
      map.invalidateSize({ animate: false, pan: false });
      if (moved) frame(shown, 0); else all();
    });
  }

  function north() {
    const control = L.control({ position: "topright" });
    control.onAdd = () => {
      const node = make("div", "north");
      node.setAttribute("role", "img");
      node.setAttribute("aria-label", page.words.north);
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("width", "16"); svg.setAttribute("height", "20"); svg.setAttribute("viewBox", "0 0 16 20");
      const arrow = document.createElementNS("http://www.w3.org/2000/svg", "path");
      arrow.setAttribute("d", "M8 0 L15 19 L8 14 L1 19 Z"); arrow.setAttribute("fill", "#1b2733");
      svg.append(arrow);
      node.append(svg, make("span", "", "N"));
      return node;
    };
    control.addTo(map);
  }

  function search() {
    const find = byId("find");
    const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase().trim();
    const named = page.areas.features
      .map((each) => [each.properties.name, each])
      .sort((a, b) => a[0].localeCompare(b[0], page.language));
    for (const [name] of named) {
      const option = make("option");
      option.value = name;
      byId("names").append(option);
    }
    const seek = (whole) => {
      const wanted = plain(find.value);
      if (!wanted) { byId("found").textContent = ""; return; }
      const fitting = named.filter(([name]) => plain(name) === wanted);
      if (!fitting.length && !whole) return;
      const found = fitting.length ? fitting : named.filter(([name]) => plain(name).includes(wanted));
      byId("found").textContent = found.length > 1
        ? `${page.words.several}: ${found.slice(0, 8).map((each) => each[0]).join(", ")}${found.length > 8 ? " …" : ""}`
        : found.length ? "" : page.words.none;
      if (!found.length) return;
      const feature = found[0][1];
      show(feature);
      const bounds = byCode.get(feature.id).getBounds();
      const size = map.latLngToContainerPoint(bounds.getSouthEast()).subtract(map.latLngToContainerPoint(bounds.getNorthWest()));
      if (map.getBounds().contains(bounds) && Math.min(size.x, size.y) >= 24) return;
      moved = true;
      frame(bounds, 120);
    };
    find.addEventListener("input", () => seek(false));
    find.addEventListener("change", () => seek(true));
    find.addEventListener("keydown", (event) => { if (event.key === "Enter") seek(true); });
  }

  /* Nothing is asked of the tile server before its button is pressed. */
  function tiles(ground) {
    if (!page.tiles) return;
    const button = make("button", "", page.words.tiles);
    button.type = "button";
    const box = make("p", "tiles");
    box.append(button, make("span", "note", page.words.tiles_warning));
    byId("layers").append(box);
    button.addEventListener("click", () => {
      page.tiles.drawn = L.tileLayer(page.tiles.address, { attribution: page.tiles.attribution, maxZoom: 19, minZoom: 6 }).addTo(map);
      button.disabled = true;
      ground.setStyle(groundStyle);
      refresh();
    });
  }

  function drawBackground(part) {
    const style = {
      neighbours: { color: "#b3bbc2", weight: 1, fillColor: "#eceff1", fillOpacity: 1 },
      water: { color: WATER, weight: 1.5, fillColor: WATER, fillOpacity: 1 },
      streets: { color: "#3a444d", weight: 1.2, opacity: 0.8, fill: false },
    }[part.kind];
    const drawnPart = L.geoJSON(part.shapes, { pane: part.kind === "streets" ? "streets" : "around", interactive: false, style }).addTo(map);
    drawnPart.eachLayer((layer) => {
      const name = layer.feature.properties.name;
      if (!name) return;
      layer.bindTooltip(() => make("span", "", name), { permanent: true, direction: "center", className: "place", pane: "around", interactive: false });
      names.push(layer.getTooltip());
    });
    if (part.kind === "streets") choice("overlays", "checkbox", part.name, true, (on) => { if (on) drawnPart.addTo(map); else drawnPart.remove(); });
  }

  /* A name that is not whole within the map is not shown: it would lie unseen under what stands around it. */
  function clip() {
    const frame = map.getContainer().getBoundingClientRect();
    const within = names.map((each) => each.getElement()).filter(Boolean).map((node) => {
      const box = node.getBoundingClientRect();
      return [node, box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom];
    });
    for (const [node, whole] of within) node.style.visibility = whole ? "" : "hidden";
  }

  function drawCells(layer) {
    return L.geoJSON(layer.shapes, {
      pane: "cells", interactive: false,
      style: (f) => ({ stroke: false, fillOpacity: 0.88, fillColor: layer.classes[f.id].colour }),
    });
  }

  function drawSpots(layer) {
    const group = L.featureGroup();
    const colour = layer.classes[0].colour;
    const dash = (shape) => (layer.classes[layer.member[shape.id] || 0].pattern === "dashed" ? "7 5" : null);
    const style = (weight, color, dashed) => (shape) => (
      { weight, color, fill: true, fillColor: colour, fillOpacity: 0, lineJoin: "miter", lineCap: "butt", dashArray: dashed ? dash(shape) : null });
    group.addLayer(L.geoJSON(layer.shapes, { pane: "spots", interactive: false, style: style(6, "#ffffff") }));
    const outlines = L.geoJSON(layer.shapes, { pane: "spots", style: style(2.6, colour, true) });
    group.addLayer(outlines);
    outlines.eachLayer((shape) => {
      const rank = shape.feature.id;
      const content = (brief) => card(layer.titles[rank], layer.unit, layer.rows, [layer.values[rank]], null, brief);
      const open = () => { marked = null; edge("chosen", null); tell(content(false)); };
      const tip = { className: "tip", direction: "auto", opacity: 1 };
      shape.bindTooltip(() => content(true), { ...tip, sticky: true });
      offTab(shape);
      shape.on("click", open);
      const label = make("div", `rank ${layer.key}`, rank);
      label.style.background = colour;
      const icon = L.divIcon({ html: label, className: "", iconSize: [26, 26] });
      const bounds = shape.getBounds();
      const marker = L.marker(bounds.getNorthEast(), { icon, keyboard: true, riseOnHover: true });
      labels.push([marker, bounds, layer.key]);
      marker.bindTooltip(() => content(true), { ...tip, offset: [16, 0] });
      marker.on("click", open);
      marker.on("add", () => {
        const node = marker.getElement();
        node.setAttribute("aria-label", layer.titles[rank]);
        node.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); } });
      });
      group.addLayer(marker);
    });
    return group;
  }

  /* Labels stand beside their shape, which may be smaller than they are, and nearer to it than to another of its layer.
     Where many come together the first ranks keep their label, and the others get theirs back when a reader zooms in. */
  function place() {
    const SIDE = 25, taken = new Map(), corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
    const cell = (value) => Math.floor(value / SIDE);
    const free = (point) => [-1, 0, 1].every((i) => [-1, 0, 1].every((j) => {
      const other = taken.get(`${cell(point.x) + i} ${cell(point.y) + j}`);
      return !other || Math.max(Math.abs(other.x - point.x), Math.abs(other.y - point.y)) >= SIDE;
    }));
    const shown = labels.filter(([marker]) => map.hasLayer(marker)).map(([marker, bounds, key]) => (
      { marker, key, low: map.latLngToLayerPoint(bounds.getNorthWest()), high: map.latLngToLayerPoint(bounds.getSouthEast()) }));
    const apart = (point, { low, high }) => Math.hypot(
      Math.max(low.x - point.x, 0, point.x - high.x), Math.max(low.y - point.y, 0, point.y - high.y));
    for (const it of shown) {
      const { marker, key, low, high } = it, first = key === "targets" ? 1 : 3;
      const others = shown.filter((each) => each.key === key && each !== it);
      const own = (point) => others.every((each) => apart(point, each) > Math.max(apart(point, it), SIDE / 2));
      const at = (corner, out) => { // so many pixels outside a corner of the shape, clockwise from the north-west
        const [x, y] = corners[corner % 4];
        return L.point((x < 0 ? low.x : high.x) + x * out, (y < 0 ? low.y : high.y) + y * out);
      };
      const small = Math.min(high.x - low.x, high.y - low.y) < 2 * SIDE; // a label on its corner would hide it
      const open = (small ? [14, 28] : [0, 14, 28]).flatMap((out) => [0, 1, 2, 3].map((turn) => at(first + turn, out))).filter(free);
      const point = open.find(own) || open[0];
      marker.getElement().style.display = point ? "" : "none";
      if (!point) continue;
      taken.set(`${cell(point.x)} ${cell(point.y)}`, point);
      marker.setLatLng(map.layerPointToLatLng(point));
    }
  }

  function layer(id) {
    const it = read(id);
    if (it.kind === "spots") {
      it.drawn = drawSpots(it).addTo(map);
      overlays.push(it);
      choice("overlays", "checkbox", it.name, true, (on) => { if (on) it.drawn.addTo(map); else it.drawn.remove(); place(); refresh(); });
      return;
    }
    if (it.kind === "cells") it.drawn = drawCells(it);
    if (it.frames) {
      it.step = it.frames.start;
      it.beside = it.frames.always ? 0 : null;
    }
    themes.push(it);
    choice("themes", "radio", it.name, themes.length === 1, () => { theme = it; refresh(); });
    if (themes.length === 1) theme = it;
  }

  function finish() {
    if (themes.length) choice("themes", "radio", page.words.outlines, false, () => { theme = null; refresh(); });
    map.on("zoomend", place);
    map.on("moveend", clip);
    place();
    clip();
    refresh();
  }

  window.hicgeo = { start, layer, finish };
})();

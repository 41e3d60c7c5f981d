/* Draws the JSON blocks of the page on a Leaflet map. Text from data reaches the page through textContent only. */
(function () {
  "use strict";
  L.Control.Attribution.prototype.options.prefix = "Leaflet";
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const WATER = "#cfe4ef";
  let map, areas, words;
  let theme = null;
  let marked = null;
  const themes = [];
  const overlays = [];
  const byCode = new Map();

  function card(title, rows, values, unit) {
    const node = make("div", "card");
    node.appendChild(make("h3", "", title));
    if (values && unit) node.appendChild(make("p", "unit", unit));
    const list = make("dl");
    rows.forEach((label, place) => {
      if (!values || values[place] === "") return;
      const line = make("div");
      line.append(make("dt", "", label), make("dd", "", values[place]));
      list.appendChild(line);
    });
    node.appendChild(list);
    return node;
  }

  /* A surface says nothing of one area: its card then shows the first layer that does. */
  function areaCard(feature) {
    const told = theme && theme.kind === "areas" ? theme : themes.find((each) => each.kind === "areas");
    const name = feature.properties.name;
    return told ? card(name, told.rows, told.values[feature.id], told.unit) : card(name, [], null, "");
  }

  function areaStyle(feature) {
    const base = { color: "#5d6a75", weight: 0.8, fillColor: "#f7f8f6", fillOpacity: 1 };
    if (!theme || theme.kind === "cells") return { ...base, fillOpacity: 0 };
    const entry = theme.classes[theme.member[feature.id]];
    if (!entry) return { ...base, fillColor: feature.properties.water ? WATER : "#f7f8f6" };
    return { ...base, fillColor: entry.pattern ? `url(#${entry.pattern})` : entry.colour };
  }

  function legendBlock(layer) {
    const block = make("div", "legend-block");
    block.append(make("h2", "", layer.name), make("p", "unit", layer.unit));
    const list = make("ul", "classes");
    for (const entry of layer.classes) {
      const line = make("li");
      const swatch = make("span", `swatch ${entry.pattern}`);
      if (!entry.pattern) swatch.style.background = entry.colour;
      line.append(swatch, make("span", "", entry.label), make("span", "count", entry.count));
      list.appendChild(line);
    }
    block.appendChild(list);
    for (const note of layer.notes) block.appendChild(make("p", "note", note));
    return block;
  }

  function refresh() {
    if (marked) byId("card").replaceChildren(areaCard(marked.feature));
    for (const each of themes) {
      if (!each.drawn) continue;
      if (each === theme) each.drawn.addTo(map); else each.drawn.remove();
    }
    areas.setStyle(areaStyle);
    if (marked) marked.setStyle({ weight: 3, color: "#14181c" });
    byId("legend").replaceChildren(...[theme, ...overlays.filter((each) => map.hasLayer(each.drawn))].filter(Boolean).map(legendBlock));
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
    field.appendChild(label);
    return input;
  }

  function show(layer, feature) {
    if (marked) areas.resetStyle(marked);
    marked = layer;
    layer.setStyle({ weight: 3, color: "#14181c" });
    layer.bringToFront();
    byId("card").replaceChildren(areaCard(feature));
    byId("find").value = feature.id;
  }

  function pane(name, level, through) {
    const node = map.createPane(name);
    node.style.zIndex = level;
    if (through) node.style.pointerEvents = "none";
  }

  function start(target) {
    map = target;
    const page = read("hicgeo-page");
    words = page.words;
    pane("ground", 330, true);
    pane("cells", 350, true);
    pane("outline", 420, true);
    pane("spots", 450, false);
    const named = page.areas.features.slice().sort((a, b) => a.properties.name.localeCompare(b.properties.name, page.language));
    L.geoJSON(page.areas, {
      pane: "ground", interactive: false,
      style: (f) => ({ stroke: false, fillOpacity: 1, fillColor: f.properties.water ? WATER : "#f7f8f6" }),
    }).addTo(map);
    areas = L.geoJSON(page.areas, {
      style: areaStyle,
      onEachFeature: (feature, layer) => {
        byCode.set(feature.id, layer);
        layer.bindTooltip(() => areaCard(feature), { sticky: true, className: "tip", direction: "auto", opacity: 1 });
        layer.on("click", () => show(layer, feature));
        layer.on("mouseover", () => { if (layer !== marked) { layer.setStyle({ weight: 2.2, color: "#14181c" }); layer.bringToFront(); } });
        layer.on("mouseout", () => { if (layer !== marked) areas.resetStyle(layer); });
      },
    }).addTo(map);
    L.geoJSON(page.outline, { pane: "outline", interactive: false, style: { fill: false, color: "#2b3640", weight: 2 } }).addTo(map);
    L.control.scale({ metric: true, imperial: false, maxWidth: 140 }).addTo(map);
    const north = L.control({ position: "topright" });
    north.onAdd = () => {
      const node = make("div", "north");
      node.setAttribute("role", "img");
      node.setAttribute("aria-label", words.north);
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("width", "16"); svg.setAttribute("height", "20"); svg.setAttribute("viewBox", "0 0 16 20");
      const arrow = document.createElementNS("http://www.w3.org/2000/svg", "path");
      arrow.setAttribute("d", "M8 0 L15 19 L8 14 L1 19 Z"); arrow.setAttribute("fill", "#1b2733");
      svg.appendChild(arrow);
      node.append(svg, make("span", "", "N"));
      return node;
    };
    north.addTo(map);
    for (const [css, label] of [["in", words.zoom_in], ["out", words.zoom_out]]) {
      const button = map.getContainer().querySelector(`.leaflet-control-zoom-${css}`);
      if (button) { button.title = label; button.setAttribute("aria-label", label); }
    }
    let seen = map.getBounds();
    map.on("moveend", () => { if (!matchMedia("print").matches) seen = map.getBounds(); });
    matchMedia("print").addEventListener("change", () => {
      const view = seen; // paper has another shape: show what the screen showed
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(view, { animate: false });
    });
    const find = byId("find");
    for (const feature of named) {
      const option = make("option", "", feature.properties.name);
      option.value = feature.id;
      find.appendChild(option);
    }
    find.addEventListener("change", () => {
      const layer = byCode.get(find.value);
      if (!layer) return;
      show(layer, layer.feature);
      const bounds = layer.getBounds();
      const size = map.latLngToContainerPoint(bounds.getSouthEast()).subtract(map.latLngToContainerPoint(bounds.getNorthWest()));
      if (!map.getBounds().contains(bounds) || Math.min(size.x, size.y) < 24) map.fitBounds(bounds, { padding: [120, 120] });
    });
  }

  function drawCells(layer) {
    return L.geoJSON(layer.shapes, {
      pane: "cells", interactive: false,
      style: (f) => ({ stroke: false, fillOpacity: 0.88, fillColor: layer.classes[f.id].colour }),
    });
  }

  function drawSpots(layer) {
    const group = L.featureGroup();
    const style = (weight, color) => () => ({ weight, color, fill: true, fillColor: "#14181c", fillOpacity: 0, lineJoin: "miter" });
    group.addLayer(L.geoJSON(layer.shapes, { pane: "spots", interactive: false, style: style(6, "#ffffff") }));
    const outlines = L.geoJSON(layer.shapes, { pane: "spots", style: style(2.6, "#14181c") });
    group.addLayer(outlines);
    outlines.eachLayer((shape) => {
      const rank = shape.feature.id;
      const content = () => card(layer.titles[rank], layer.rows, layer.values[rank]);
      const tip = { sticky: false, className: "tip", direction: "top", opacity: 1 };
      shape.bindTooltip(content, { ...tip, sticky: true });
      shape.on("click", () => byId("card").replaceChildren(content()));
      const label = make("div", "rank", rank);
      label.style.width = label.style.height = "26px";
      const icon = L.divIcon({ html: label, className: "", iconSize: [26, 26] });
      const place = shape.getBounds().getNorthWest(); // beside the shape, which may be smaller than the label
      const marker = L.marker(place, { icon, alt: layer.titles[rank], keyboard: true, riseOnHover: true });
      marker.bindTooltip(content, { ...tip, offset: [0, -14] });
      marker.on("click", () => byId("card").replaceChildren(content()));
      group.addLayer(marker);
    });
    return group;
  }

  function layer(id) {
    const it = read(id);
    if (it.kind === "spots") {
      it.drawn = drawSpots(it).addTo(map);
      overlays.push(it);
      choice("overlays", "checkbox", it.name, true, (on) => { if (on) it.drawn.addTo(map); else it.drawn.remove(); refresh(); });
    } else {
      if (it.kind === "cells") it.drawn = drawCells(it);
      themes.push(it);
      choice("themes", "radio", it.name, themes.length === 1, () => { theme = it; refresh(); });
      if (themes.length === 1) theme = it;
    }
    refresh();
  }

  function finish() {
    choice("themes", "radio", words.outlines, themes.length === 0, () => { theme = null; refresh(); });
    refresh();
  }

  window.hicgeo = { start, layer, finish };
})();

/* Periods of a layer: a slider over months, and a divider between two periods. Keyboard and touch do all of it. */
function hicgeoSteps(map, page, refresh) {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const bar = byId("steps"), range = byId("step"), now = byId("step-now"), beside = byId("beside");
  const swipe = byId("swipe"), divider = byId("divider");
  let theme = null;
  let split = 50; // percent of the width

  function choose(step) {
    theme.step = Math.min(Math.max(step, 0), theme.frames.labels.length - 1);
    if (theme.beside !== null && !theme.frames.always) theme.beside = earlier();
    refresh();
  }
  const earlier = () => (theme.step >= theme.frames.lag ? theme.step - theme.frames.lag : null);

  /* The earlier period lies over the later one, cut off at the divider. */
  function cut() {
    const node = map.getPane("before");
    if (!theme || theme.beside === null) return;
    const size = map.getSize();
    const x = (size.x * split) / 100;
    const from = map.containerPointToLayerPoint([0, 0]), to = map.containerPointToLayerPoint(size);
    node.style.clip = `rect(${from.y}px, ${from.x + x}px, ${to.y}px, ${from.x}px)`;
    divider.style.left = `${split}%`;
  }
  map.on("move zoomend resize viewreset", cut);

  range.addEventListener("input", () => choose(Number(range.value)));
  byId("step-back").addEventListener("click", () => choose(theme.step - 1));
  byId("step-on").addEventListener("click", () => choose(theme.step + 1));
  beside.addEventListener("change", () => {
    theme.beside = beside.checked ? earlier() : null;
    refresh();
  });
  swipe.addEventListener("input", () => { split = Number(swipe.value); cut(); });

  /* Show the controls that the chosen layer needs. */
  function show(chosen) {
    theme = chosen && chosen.frames ? chosen : null;
    const hidden = bar.hidden;
    bar.hidden = !theme || theme.frames.always;
    if (theme && !theme.frames.always) {
      range.max = theme.frames.labels.length - 1;
      range.value = theme.step;
      now.textContent = theme.frames.labels[theme.step];
      range.setAttribute("aria-valuetext", now.textContent);
      byId("step-back").disabled = theme.step === 0;
      byId("step-on").disabled = theme.step === theme.frames.labels.length - 1;
      beside.disabled = earlier() === null;
      beside.checked = theme.beside !== null;
    }
    const two = Boolean(theme && theme.beside !== null);
    byId("two").hidden = divider.hidden = !two;
    if (two) {
      const [left, right] = [theme.frames.labels[theme.beside], theme.frames.labels[theme.step]];
      byId("left").textContent = left;
      byId("right").textContent = right;
      swipe.setAttribute("aria-valuetext", `${left} | ${right}`);
    }
    if (hidden !== bar.hidden) map.invalidateSize({ animate: false, pan: false });
    cut();
  }

  return { show };
}

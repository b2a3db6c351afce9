// What the page does: lights up one value everywhere, steps through the passes, copies, turns dark.
// It is put into a function of its own; `start` is called with the id of the page's element.

function start(id) {
  // Front ends insert scripts again, at other places, and may show one output twice.
  for (const root of document.querySelectorAll(`[id="${id}"]`)) {
    if (root.dataset.ready) continue;
    root.dataset.ready = "yes";
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const whole = root === document.body;
    for (const hidden of root.querySelectorAll(".copies, .stepper, .scheme")) hidden.hidden = false;
    arrange(root);
    copying(root);
    scheme(root, whole);
    const light = lighting(root, data.facts);
    const step = stepping(root, data.steps, whole);
    if (whole) links(root, data.facts, light, step);
  }
}

// One value in all views ------------------------------------------------------------------------

function lighting(root, facts) {
  const inspector = root.querySelector(".inspector");
  const parts = new Map();
  for (const part of root.querySelectorAll("[data-t]")) {
    const id = part.getAttribute("data-t");
    if (!parts.has(id)) parts.set(id, []);
    parts.get(id).push(part);
    if (part.matches("mrow.nm")) part.setAttribute("tabindex", "0");
  }
  let lit = null;
  let pinned = null;

  function show(id) {
    if (id === lit) return;
    for (const part of parts.get(lit) ?? []) part.classList.remove("on");
    for (const part of parts.get(id) ?? []) part.classList.add("on");
    lit = id;
    if (Object.hasOwn(facts, id ?? "")) inspector.replaceChildren(...describe(facts[id]));
  }
  function pin(id) {
    pinned = id;
    show(id);
  }
  const valueAt = (target) => target.closest?.("[data-t]")?.getAttribute("data-t") ?? null;

  root.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") show(valueAt(event.target) ?? pinned);
  });
  root.addEventListener("pointerleave", () => show(pinned));
  root.addEventListener("focusin", (event) => show(valueAt(event.target) ?? pinned));
  root.addEventListener("focusout", () => show(pinned));
  root.addEventListener("click", (event) => {
    if (event.target.closest("button, input, summary, .inspector")) return;
    const id = valueAt(event.target);
    pin(id === pinned ? null : id);
  });
  root.addEventListener("keydown", (event) => {
    const id = valueAt(event.target);
    if (event.key === "Escape") pin(null);
    else if (id !== null && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      pin(id === pinned ? null : id);
    }
  });
  return pin;
}

function describe(fact) {
  const nodes = [];
  const add = (text, tag) => {
    if (!text) return;
    const node = document.createElement(tag ?? "span");
    node.textContent = text;
    nodes.push(nodes.length ? " · " : "", node);
  };
  add(fact.unicode, "b");
  add(fact.name, "code");
  for (const text of [fact.role, fact.shape, fact.range, fact.equation]) add(text);
  add(fact.numbers, "code");
  return nodes;
}

// Steps -----------------------------------------------------------------------------------------

function stepping(root, steps, whole) {
  const slider = root.querySelector(".stepper input");
  if (!slider) return null;
  const said = root.querySelector(".stepper output");
  const last = steps.length;
  const numbered = (name) =>
    [...root.querySelectorAll(`[${name}]`)].map((e) => [e, Number(e.getAttribute(name))]);
  const bricks = numbered("data-s");
  const rows = numbered("data-step");

  function go(wanted) {
    const step = Math.max(0, Math.min(last, Math.round(wanted) || 0));
    const between = step > 0 && step < last;
    for (const [brick, own] of bricks) {
      brick.classList.toggle("future", own > step);
      brick.classList.toggle("now", between && own === step);
    }
    for (const [row, own] of rows) {
      row.classList.toggle("later", own > step);
      row.classList.toggle("current", between && own === step);
    }
    slider.value = step;
    said.textContent =
      step === 0 ? "inputs and weights only" : `${step}/${last}  ${steps[step - 1]}`;
    slider.setAttribute("aria-valuetext", said.textContent);
  }
  slider.addEventListener("input", () => go(Number(slider.value)));
  for (const button of root.querySelectorAll("[data-go]")) {
    const where = { first: -Infinity, last: Infinity }[button.dataset.go];
    const way = where ?? Number(button.dataset.go);
    button.addEventListener("click", () => go(Number(slider.value) + way));
  }
  // In a notebook the keys are this view's only while it has the focus.
  (whole ? document : root).addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (!way || typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(Number(slider.value) + way);
  });
  go(last);
  return go;
}

// Links: #on=layer_1, #step=5, or both with & between them.

function links(root, facts, light, step) {
  function follow() {
    const asked = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    if (asked.has("step") && step) step(Number(asked.get("step")));
    if (!asked.has("on")) return;
    const name = asked.get("on");
    const all = Object.values(facts);
    const by = (key) => all.find((fact) => fact[key] === name);
    light((by("name") ?? by("unicode") ?? by("id"))?.id ?? null);
    const part = root.querySelector("[data-t].on");
    if (!part) return;
    for (let around = part.parentElement; around; around = around.parentElement) {
      if (around.localName === "details") around.open = true;
    }
    part.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", follow);
  follow();
}

// Copying ---------------------------------------------------------------------------------------

function copying(root) {
  const said = root.querySelector(".said");
  const read = { Python: pythonOf, LaTeX: (row) => row.dataset.latex, SVG: drawingOf };
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const kind = button.dataset.copy;
    const row = button.closest(".row");
    const rows = row ? [row] : [...root.querySelectorAll(".row")];
    const texts = [...new Set(rows.map(read[kind]).filter(Boolean))];
    const text = kind === "SVG" ? stacked(texts) : texts.join("\n");
    const done = await toClipboard(text, button);
    said.textContent = done
      ? `copied ${kind}`
      : "could not copy: select the text and copy it yourself";
    button.textContent = done ? "copied" : "failed";
    button.classList.toggle("done", done);
    setTimeout(() => {
      button.textContent = kind;
      button.classList.remove("done");
      said.textContent = "";
    }, 1600);
  });
}

const pythonOf = (row) => row.querySelector("code")?.textContent;

// A drawing as a file of its own: without what stepping and pointing did to it.
function drawingOf(row) {
  const shown = row.querySelector("svg");
  if (!shown) return "";
  const drawing = shown.cloneNode(true);
  for (const part of drawing.querySelectorAll(".on, .future, .now")) {
    part.classList.remove("on", "future", "now");
  }
  return new XMLSerializer().serializeToString(drawing);
}

// Several drawings as one, below each other.
function stacked(texts) {
  if (texts.length < 2) return texts.join("");
  const parser = new DOMParser();
  const parsed = (text) => parser.parseFromString(text, "image/svg+xml").documentElement;
  const drawings = texts.map(parsed);
  const size = (drawing, name) => Number.parseFloat(drawing.getAttribute(name)) || 0;
  const all = parsed('<svg xmlns="http://www.w3.org/2000/svg"/>');
  let top = 0;
  for (const drawing of drawings) {
    drawing.setAttribute("y", top);
    top += size(drawing, "height") + 16;
    all.append(drawing);
  }
  all.setAttribute("width", Math.max(...drawings.map((drawing) => size(drawing, "width"))));
  all.setAttribute("height", top - 16);
  return new XMLSerializer().serializeToString(all);
}

// Files and pages without https may have no clipboard; a selection can be copied there, too.
async function toClipboard(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.style.cssText = "position:fixed;top:0;opacity:0";
    button.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    button.focus();
    return done;
  }
}

// Light and dark --------------------------------------------------------------------------------

function scheme(root, whole) {
  const button = root.querySelector(".scheme");
  const sheet = root.querySelector("style.dark");
  if (!sheet) return button.remove();
  const automatic = sheet.media;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;

  function turn() {
    const wanted = chosen ?? surroundings();
    const dark = wanted ?? system.matches;
    sheet.media = wanted === null ? automatic : wanted ? "screen" : "not all"; // paper stays light
    button.setAttribute("aria-pressed", String(dark));
    if (whole) document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }
  button.addEventListener("click", () => {
    chosen = button.getAttribute("aria-pressed") !== "true";
    turn();
  });
  system.addEventListener("change", turn);
  turn();
}

// Notebooks have themes of their own, whatever the system prefers.
function surroundings() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "false";
  if (vscodeThemeKind !== undefined) return vscodeThemeKind.includes("dark");
  return null;
}

// The layout of each group of rows, by the room that there is.

function arrange(root) {
  function fit() {
    for (const grid of root.querySelectorAll(".grid")) {
      const room = grid.parentElement.clientWidth;
      if (!room) continue; // it is folded
      const { three, stack } = grid.dataset;
      const several = grid.querySelectorAll(":scope > .row").length > 1;
      const above = several ? "cards" : Number(stack) <= room ? "stack" : "tall";
      grid.className = `grid ${Number(three) <= room ? "three" : above}`;
    }
  }
  root.addEventListener("toggle", fit, true);
  new ResizeObserver(fit).observe(root);
  fit();
}

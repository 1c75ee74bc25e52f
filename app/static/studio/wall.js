// The wall: an endless grid of seeds. What is near the eye is loaded first, and once.

import { stillAddress } from "./api.js";
import { modelNamed, sizeOf, wallLooksOf } from "./catalog.js";
import { button, h } from "./element.js";
import { createInspector } from "./inspector.js";
import { createFilters } from "./filters.js";
import { blank, load, paint, seedOf } from "./pictures.js";
import { carrySeed } from "./carrying.js";
import { moveAmong } from "./roving.js";
import { change, now } from "./state.js";
import { tileSize } from "./sizing.js";

const PAGE = 60;
const SETTLE_MS = 60;
// The wall has no end, memory has: tiles farther from the eye than this give their pixels back.
const FAR = "3000px";

/** Make the wall. */
export function createWall() {
  const filters = createFilters();
  const inspector = createInspector();
  const tiles = h("div", { className: "tiles", role: "group", "aria-label": "Seeds; arrow keys move, Enter opens" });
  const end = h("div", { className: "wall-end" });
  const earlier = button("Earlier seeds", () => change({ from: Math.max(0, origin - PAGE) }, { step: true }), { className: "earlier" });
  const scroller = h("div", { className: "scroller", tabIndex: -1 }, earlier, tiles, end);
  const trouble = h("p", { className: "note filters-note trouble", role: "status" }); // why images do not come
  const node = h("div", { className: "wall" }, h("div", {}, filters.node, trouble), h("div", { className: "wall-body" }, scroller, inspector.node));

  const near = new Set();
  let origin = -1; // the seed of the first tile
  let told = -1; // the seed that the URL was told last
  let loading = new AbortController();
  let looks = "";
  let timer = 0;

  const eye = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) near.delete(target);
        else {
          near.add(target);
          fill(target);
        }
      }
    },
    { root: scroller, rootMargin: "300px" },
  );
  const leaving = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting || forget(target)), {
    root: scroller,
    rootMargin: FAR,
  });
  const ending = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && grow(), {
    root: scroller,
    rootMargin: "800px",
  });

  function addressOf(seed) {
    const state = now();
    const model = modelNamed(state.model);
    return stillAddress(model, seed, wallLooksOf(model, state));
  }

  function fill(tile) {
    const path = addressOf(Number(tile.dataset.seed));
    if (tile.wanted === path) return;
    tile.wanted = path;
    tile.won = null;
    load(path, { signal: loading.signal }).then(
      (picture) => {
        if (tile.wanted !== path) return;
        paint(tile.firstChild, picture.bitmap);
        tile.dataset.shows = path;
        tile.won = seedOf(picture);
        tile.classList.remove("failed");
      },
      (error) => {
        if (tile.wanted !== path) return; // something else is wanted of it by now
        tile.wanted = "";
        if (error.name === "AbortError") return;
        tile.classList.add("failed");
        trouble.textContent = error.message;
      },
    );
  }

  function forget(tile) {
    if (!tile.wanted) return;
    tile.wanted = "";
    blank(tile.firstChild);
    delete tile.dataset.shows;
  }

  function grow() {
    const first = origin + tiles.children.length;
    const last = Math.min(first + PAGE, Number.MAX_SAFE_INTEGER);
    for (let seed = first; seed < last; seed++) {
      const tile = h(
        "button",
        { type: "button", className: "tile", tabIndex: seed === origin ? 0 : -1, draggable: true, data: { seed }, "aria-label": `Seed ${seed}` },
        h("canvas", { "aria-hidden": "true", width: 1, height: 1 }),
      );
      carrySeed(tile, () => tile.won ?? seed);
      tiles.append(tile);
      eye.observe(tile);
      leaving.observe(tile);
    }
    // An observer speaks only on a change: ask again while the end is still in sight.
    ending.unobserve(end);
    ending.observe(end);
  }

  function restart(from) {
    loading.abort();
    loading = new AbortController();
    eye.disconnect();
    leaving.disconnect();
    near.clear();
    trouble.textContent = "";
    origin = told = from;
    tiles.replaceChildren();
    scroller.scrollTop = 0;
    earlier.hidden = origin === 0;
    grow();
  }

  function refresh() {
    trouble.textContent = "";
    loading.abort();
    loading = new AbortController();
    for (const tile of near) fill(tile);
  }

  scroller.addEventListener("scroll", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const top = scroller.getBoundingClientRect().top;
      const first = [...near].filter((tile) => tile.getBoundingClientRect().bottom > top + 8).map((tile) => Number(tile.dataset.seed));
      if (!first.length || now().view !== "wall") return;
      told = scroller.scrollTop < 8 ? origin : Math.min(...first);
      change({ from: told });
    }, 150);
  });
  tiles.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (tile) change({ seed: Number(tile.dataset.seed) }, { step: now().seed === null });
  });
  tiles.addEventListener("keydown", (event) => moveAmong(tiles, event));

  let settle = 0;
  return {
    node,
    update(state, before) {
      filters.update(state);
      const model = modelNamed(state.model);
      const [height, width] = sizeOf(model);
      const tile = tileSize(state.size, height, width);
      tiles.style.setProperty("--tile-width", `${Math.round((tile * width) / Math.max(height, width))}px`);
      tiles.style.setProperty("--tile-height", `${Math.round((tile * height) / Math.max(height, width))}px`);
      tiles.classList.toggle("smooth", tile < Math.max(height, width));
      const wanted = addressOf(0);
      if (state.from !== told || origin < 0) restart(state.from);
      else if (wanted !== looks && looks) {
        clearTimeout(settle);
        settle = setTimeout(refresh, SETTLE_MS);
      }
      looks = wanted;
      for (const one of tiles.querySelectorAll("[aria-pressed]")) one.removeAttribute("aria-pressed");
      tiles.querySelector(`[data-seed="${state.seed}"]`)?.setAttribute("aria-pressed", "true");
      inspector.update(state);
      // Whoever closes the inspector goes on where it was opened.
      if (state.seed === null && before?.seed != null) tiles.querySelector(`[data-seed="${before.seed}"]`)?.focus();
    },
    call(state) {
      const model = modelNamed(state.model);
      const looks = wallLooksOf(model, state);
      if (state.seed !== null) return { path: stillAddress(model, state.seed, looks), file: `${model.name}-${state.seed}.png` };
      const body = { model: model.name, seed: state.from, n: Math.min(PAGE, Math.floor(model.limits.max_images / looks.best)) };
      if (looks.label) body.label = looks.label;
      if (state.psi !== 1) body.truncation = state.psi;
      if (looks.edits) body.edits = state.lean;
      if (looks.best !== 1) body.best_of = looks.best;
      return { path: "generate", body, file: `${model.name}.png` };
    },
  };
}

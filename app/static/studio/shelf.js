// The shelf: the wall's faces in a row, to drag or to tap into whatever stands above.

import { stillAddress } from "./api.js";
import { carrySeed } from "./carrying.js";
import { looksOf, modelNamed } from "./catalog.js";
import { button, h } from "./element.js";
import { load, paint } from "./pictures.js";
import { moveAmong } from "./roving.js";
import { change, now } from "./state.js";

const COUNT = 40;

/** Make a shelf; `onSeed` takes the seed of a face that was chosen by key or tap. `looks` says what they are drawn with. */
export function createShelf(hint, onSeed, looks = looksOf) {
  const faces = h("div", { className: "faces", role: "group", "aria-label": `${hint}; arrow keys move`, on: { keydown: (event) => moveAmong(faces, event) } });
  const step = (by) => () => change({ from: Math.max(0, Math.min(now().from + by, Number.MAX_SAFE_INTEGER - COUNT)) });
  const earlier = button("←", step(-COUNT), { className: "plain", "aria-label": "Earlier seeds" });
  const later = button("→", step(COUNT), { className: "plain", "aria-label": "Later seeds" });
  const node = h("div", { className: "shelf" }, h("span", { className: "note" }, hint), earlier, faces, later);
  let shown = "";
  return {
    node,
    update(state) {
      const model = modelNamed(state.model);
      earlier.disabled = state.from === 0;
      const first = stillAddress(model, state.from, looks(model, state));
      if (first === shown) return;
      shown = first;
      faces.replaceChildren(...Array.from({ length: COUNT }, (_, index) => face(state.from + index, onSeed, { looks })));
      for (const one of [...faces.children].slice(1)) one.tabIndex = -1;
      faces.scrollLeft = 0;
    },
  };
}

/** Make a small face of a seed as the state has it now; a button that can be dragged. */
export function face(seed, onSeed, { label = `Seed ${seed}`, looks = looksOf } = {}) {
  const canvas = h("canvas", { "aria-hidden": "true", width: 1, height: 1 });
  const node = h("button", { type: "button", className: "face", title: label, "aria-label": label, data: { seed }, on: { click: () => onSeed?.(seed) } }, canvas);
  const state = now();
  const model = modelNamed(state.model);
  const path = stillAddress(model, seed, looks(model, state));
  carrySeed(node, () => seed);
  load(path).then(
    ({ bitmap }) => {
      paint(canvas, bitmap);
      node.dataset.shows = path;
    },
    (error) => (node.title = error.message),
  );
  return node;
}

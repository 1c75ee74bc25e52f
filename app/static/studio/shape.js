// Shape: one face, changed along the directions of its model while a hand moves.

import { stillAddress } from "./api.js";
import { takeSeeds } from "./carrying.js";
import { looksOf, modelNamed, sizeOf } from "./catalog.js";
import { button, h } from "./element.js";
import { Follower } from "./following.js";
import { load, paint } from "./pictures.js";
import { createShelf } from "./shelf.js";
import { enlarge, roomIn } from "./sizing.js";
import { createSliders } from "./sliders.js";
import { change, editsText, now } from "./state.js";
import { FORMAT_NAMES, milliseconds } from "./wording.js";

/** Make the view. */
export function createShape() {
  const before = h("canvas", { className: "crisp", role: "img", "aria-label": "Before", width: 1, height: 1 });
  const after = h("canvas", { className: "crisp", role: "img", "aria-label": "After", width: 1, height: 1 });
  const named = h("figcaption");
  const said = h("figcaption");
  const note = h("p", { className: "note", role: "status" });
  const files = h("p", { className: "files" });
  const sliders = createSliders((edits, step) => change({ edits }, { step }));
  const choose = (seed) => change({ face: seed }, { step: true });
  const shelf = createShelf("Shape another", choose);
  const stage = h("div", { className: "stage pair" },
    h("figure", {}, before, named), h("figure", {}, after, said), note);
  const toWall = button("Shape the wall like this", () => change({ view: "wall", lean: now().edits }, { step: true }));
  const node = h("div", { className: "bench" }, stage,
    h("section", { className: "steer", "aria-label": "Directions" }, h("h2", {}, "Shape"), sliders.node,
      h("p", { className: "actions" }, toWall, button("Its seed to the timeline", () => change({ view: "morph", keys: [...now().keys, faceOf(now())] }, { step: true }))), files),
    shelf.node);
  takeSeeds(stage, choose);
  const follower = new Follower(after, (path) => [path], {
    onShown: (path, { headers }) => {
      note.textContent = "";
      const [, forward] = headers.get("Server-Timing")?.match(/forward;dur=([\d.]+)/) ?? [];
      said.textContent = `After${forward ? `, made in ${milliseconds(forward)}` : ""}`;
    },
    onError: (error) => (note.textContent = error.message),
  });
  let shown = "";

  return {
    node,
    leave: sliders.leave,
    update(state) {
      shelf.update(state);
      const model = modelNamed(state.model);
      sliders.update(model, state.edits);
      toWall.disabled = !editsText(state.edits);
      for (const canvas of [before, after]) enlarge(canvas, ...sizeOf(model), roomIn(stage, { across: 2, below: 7.5 }));
      const path = addressOf(model, state);
      files.replaceChildren("Save as ", ...["png", "jpg", "webp"].map((extension) =>
        h("a", { href: addressOf(model, state, extension), download: `${model.name}-${faceOf(state)}-shaped.${extension}` }, FORMAT_NAMES[extension])));
      if (path === shown) return;
      shown = path;
      follower.show(path);
      const plain = addressOf(model, { ...state, edits: {} });
      if (before.dataset.shows === plain) return;
      load(plain, { isUrgent: true }).then(({ bitmap }) => {
        paint(before, bitmap);
        before.dataset.shows = plain;
        named.textContent = `Before: seed ${faceOf(state)}`;
      }, (error) => (note.textContent = error.message));
    },
    call(state) {
      const model = modelNamed(state.model);
      return { path: addressOf(model, state), file: "shaped.png" };
    },
  };
}

/** Return the seed that is shaped: the one chosen, or the first of the wall. */
function faceOf(state) {
  return state.face ?? state.from;
}

function addressOf(model, state, extension = "png") {
  return stillAddress(model, faceOf(state), { ...looksOf(model, state, editsText(state.edits)), extension });
}

// Arithmetic: A - B + C, each the average of up to three faces, as the DCGAN paper draws it.

import { address } from "./api.js";
import { takeSeeds } from "./carrying.js";
import { looksOf, modelNamed, sizeOf } from "./catalog.js";
import { button, choice, h } from "./element.js";
import { Follower } from "./following.js";
import { blank } from "./pictures.js";
import { createShelf, face } from "./shelf.js";
import { enlarge } from "./sizing.js";
import { change, now } from "./state.js";
import { FORMAT_NAMES } from "./wording.js";

export const MOST_IN_A_TERM = 3;
const SIGNS = { a: "", b: "\u2212", c: "+" };
const NAMES = { a: "A", b: "B", c: "C" };

/** Make the view. */
export function createArithmetic() {
  let target = "a";
  const terms = Object.keys(SIGNS).map((part) => createTerm(part, aim));
  const result = h("canvas", { className: "crisp", role: "img", "aria-label": "The result", width: 1, height: 1 });
  const note = h("p", { className: "note", role: "status" });
  const files = h("p", { className: "files" });
  const shelf = createShelf("Drag up, or tap", add, sumLooks);
  const label = choice({ label: "Class", options: [], value: "", onChange: (value) => change({ label: value }, { step: true }) });
  const surprise = button("Surprise me", () => {
    const draw = () => Array.from({ length: MOST_IN_A_TERM }, () => Math.floor(Math.random() * 1e6));
    change({ a: draw(), b: draw(), c: draw() }, { step: true });
  });
  const sum = h("div", { className: "sum" },
    terms.map((term, index) => [index ? h("span", { className: "sign", "aria-hidden": "true" }, Object.values(SIGNS)[index]) : null, term.node]),
    h("span", { className: "sign", "aria-hidden": "true" }, "="),
    h("section", { className: "term result", "aria-label": "Result" }, h("h3", {}, "Result"), result));
  const node = h("div", { className: "bench single" },
    h("div", { className: "stage" },
      h("div", { className: "lead" }, h("h2", {}, "Arithmetic"),
        h("p", { className: "note" }, h("span", {}, "Each letter is the average of up to three images. "), h("span", {}, "Choose A with something, B without it, and see C gain it."))),
      sum, note, h("div", { className: "actions" }, label, surprise, button("Clear", () => change({ a: [], b: [], c: [] }, { step: true })), files)),
    shelf.node);
  const follower = new Follower(result, (path) => [path], {
    onShown: () => {
      if (!shown) return blank(result); // it was emptied meanwhile
      result.classList.remove("blank");
      note.textContent = "";
    },
    onError: (error) => (note.textContent = error.message),
  });
  let shown = null;

  function aim(part) {
    target = part;
    for (const term of terms) term.aim(target);
  }

  function add(seed) {
    const state = now();
    if (state[target].length >= MOST_IN_A_TERM) aim(Object.keys(SIGNS).find((part) => state[part].length < MOST_IN_A_TERM) ?? target);
    if (now()[target].length < MOST_IN_A_TERM) change({ [target]: [...now()[target], seed] }, { step: true });
    else note.textContent = "All three are full: remove an image first.";
  }

  aim(target);
  return {
    node,
    update(state) {
      shelf.update(state);
      const model = modelNamed(state.model);
      for (const term of terms) term.update(state, model);
      label.hidden = !model.class_names.length;
      label.set(classOf(model, state), model.class_names.map((name) => [name, name]));
      enlarge(result, ...sizeOf(model), resultSize());
      sum.style.setProperty("--mean", `${meanSize()}px`);
      const path = sumAddress(model, state);
      files.replaceChildren(...(path ? ["Save as ", ...["png", "jpeg", "webp"].map((format) =>
        h("a", { href: sumAddress(model, state, format), download: `${model.name}-sum.${format}` }, FORMAT_NAMES[format]))] : []));
      if (path === shown) return;
      shown = path;
      if (path) return follower.show(path);
      blank(result);
      note.textContent = "Put an image into A to begin: tap one below, or drag it where you want it.";
    },
    call(state) {
      const path = sumAddress(modelNamed(state.model), state);
      return path ? { path, file: "sum.png" } : null;
    },
  };
}

/** Return how large the average of a letter is. */
function meanSize() {
  if (innerWidth < 640) return 64; // its faces stand beside it
  if (innerWidth >= 2000 && innerHeight >= 1000) return 256;
  return innerWidth >= 1600 && innerHeight >= 880 ? 192 : 128;
}

function resultSize() {
  return innerWidth < 640 ? 192 : 2 * meanSize();
}

/** One letter: its faces, and their average under them. */
function createTerm(part, aim) {
  const name = NAMES[part];
  const head = button(name, () => aim(part), { className: "letter" });
  const faces = h("div", { className: "three" });
  const mean = h("canvas", { className: "crisp", role: "img", "aria-label": `The average of ${name}`, width: 1, height: 1 });
  const node = h("section", { className: "term", "aria-label": name }, head, faces, mean);
  const follower = new Follower(mean, (path) => [path], { onShown: () => (shown ? mean.classList.remove("blank") : blank(mean)) });
  let shown = "";
  takeSeeds(node, (seed) => now()[part].length < MOST_IN_A_TERM && change({ [part]: [...now()[part], seed] }, { step: true }));
  return {
    node,
    aim(target) {
      head.setAttribute("aria-pressed", String(target === part));
      head.setAttribute("aria-label", target === part ? `${name}: tapped faces go here` : `Let tapped faces go to ${name}`);
    },
    update(state, model) {
      const seeds = state[part];
      const path = seeds.length ? mixAddress(model, state, [seeds], []) : "";
      enlarge(mean, ...sizeOf(model), meanSize());
      if (path === shown && faces.childElementCount) return;
      shown = path;
      const remove = (place) => () => {
        change({ [part]: seeds.filter((_, other) => other !== place) }, { step: true });
        // Whoever removes by key goes on at the next one, not at the top of the page.
        ([...faces.querySelectorAll(".face")].slice(0, place + 1).at(-1) ?? head).focus();
      };
      faces.replaceChildren(...Array.from({ length: MOST_IN_A_TERM }, (_, place) => seeds[place] === undefined
        ? h("span", { className: "gap" })
        : face(seeds[place], remove(place), { label: `Seed ${seeds[place]}: remove from ${name}`, looks: sumLooks })));
      if (path) follower.show(path);
      else blank(mean);
    },
  };
}

/** Return the class of a sum. It has but one, so its faces are drawn in it too: a 7 that becomes a 0 is no average. */
function classOf(model, state) {
  return model.class_names.includes(state.label) ? state.label : (model.class_names[0] ?? "");
}

function sumLooks(model, state) {
  return { ...looksOf(model, state), label: classOf(model, state) };
}

/** Write the address of the whole sum; "" while there is nothing to add. */
function sumAddress(model, state, format = "png") {
  if (!state.a.length && !state.c.length) return "";
  return mixAddress(model, state, [state.a, state.c], [state.b], format);
}

function mixAddress(model, state, plus, minus, format = "png") {
  const terms = [["plus", plus], ["minus", minus]].flatMap(([sign, lists]) => lists.filter((seeds) => seeds.length).map((seeds) => `${sign}=${seeds.join(",")}`));
  const rest = address("", { format, model: model.is_default ? "" : model.name, label: classOf(model, state), truncation: state.psi === 1 ? "" : state.psi, digest: model.digest });
  return `mix?${terms.join("&")}&${rest.slice(1)}`;
}

// Sliders for the directions of a model, with undo, reset and a random walk.

import { directionsOf } from "./catalog.js";
import { button, h, slider } from "./element.js";
import { signed } from "./wording.js";

const TITLES = { attribute: "Named", sefa: "SeFa", pca: "PCA" };
const NOTES = { attribute: "fitted to labels of the data", sefa: "from the first layer's weights", pca: "where the first layer varies most" };
const WALK_MS = 1400;
const STEP = 0.05;

/** Make the sliders. `onEdits(edits, isStep)` is told all strengths; a step is the end of a movement. */
export function createSliders(onEdits) {
  const groups = h("div", { className: "directions" });
  const undo = button("Undo", stepBack);
  const reset = button("Reset", () => commit({}));
  const walk = button("Random walk", toggleWalk, { "aria-pressed": "false" });
  const note = h("p", { className: "note", role: "status" });
  const node = h("div", { className: "sliders" }, h("p", { className: "actions" }, undo, reset, walk), note, groups);
  const byName = new Map();
  const done = [];
  let edits = {};
  let shownFor = "";
  let ways = [];
  let walking = 0;

  function commit(next) {
    stopWalk(); // or its next stride would undo this
    done.push(edits);
    tell(next, true);
  }

  function tell(next, isStep) {
    edits = next;
    show();
    onEdits(edits, isStep);
  }

  function show() {
    for (const [name, field] of byName) {
      field.set(edits[name] ?? 0);
      field.classList.toggle("moved", Boolean(edits[name]));
    }
    undo.disabled = !done.length;
    reset.disabled = !Object.values(edits).some(Boolean);
  }

  function stepBack() {
    stopWalk();
    if (done.length) tell(done.pop(), true);
  }

  function toggleWalk() {
    if (walking) return stopWalk();
    walk.setAttribute("aria-pressed", "true");
    done.push(edits);
    let [from, to, start] = [edits, wander(), performance.now()];
    const stride = (time) => {
      const part = Math.min(1, Math.max(0, (time - start) / WALK_MS));
      const eased = part * part * (3 - 2 * part);
      const names = ways.map(({ name }) => name);
      tell(clean(Object.fromEntries(names.map((name) => [name, (from[name] ?? 0) + eased * ((to[name] ?? 0) - (from[name] ?? 0))]))), false);
      if (part === 1) [from, to, start] = [to, wander(), time];
      walking = requestAnimationFrame(stride);
    };
    walking = requestAnimationFrame(stride);
  }

  function stopWalk() {
    cancelAnimationFrame(walking);
    walking = 0;
    walk.setAttribute("aria-pressed", "false");
  }

  /** Choose where to walk next: a few directions, not too far. */
  function wander() {
    return clean(Object.fromEntries(ways.map(({ name, strength }) => [name, Math.random() < 0.5 ? (2 * Math.random() - 1) * strength * 0.7 : 0])));
  }

  function build(listed) {
    ways = listed;
    byName.clear();
    const parts = Object.keys(TITLES).map((kind) => {
      const fields = families(ways.filter((way) => way.kind === kind)).map(([family, members]) =>
        family ? h("div", { className: "family", role: "group", "aria-label": family }, h("h3", {}, family.replaceAll("_", " ")), members.map((way) => field(way, family))) : members.map((way) => field(way)));
      return fields.length && h("fieldset", {}, h("legend", {}, TITLES[kind], h("span", { className: "note" }, NOTES[kind])), fields);
    });
    groups.replaceChildren(...parts.filter(Boolean));
    note.textContent = ways.length ? "" : "This checkpoint has no directions: python -m model directions adds them.";
    node.classList.toggle("none", !ways.length);
    show();
  }

  function field({ name, strength }, family = "") {
    let before = null;
    const one = slider({
      label: family ? name.slice(family.length + 1).replaceAll("_", " ") : name, name, min: -strength, max: strength, step: STEP, value: 0, show: signed,
      onInput: (value) => {
        before ??= edits;
        stopWalk();
        tell(clean({ ...edits, [name]: value }), false);
      },
      onChange: () => {
        if (before) done.push(before);
        before = null;
        tell(edits, true);
      },
    });
    one.addEventListener("dblclick", () => commit(clean({ ...edits, [name]: 0 })));
    byName.set(name, one);
    return one;
  }

  return {
    node,
    leave: stopWalk,
    /** Show the directions of a model, at these strengths. */
    update(model, strengths) {
      if (!walking) edits = strengths;
      if (shownFor !== model.digest) {
        shownFor = model.digest;
        done.length = 0;
        stopWalk();
        note.textContent = "…";
        directionsOf(model).then((listed) => shownFor === model.digest && build(listed), (error) => {
          shownFor = "";
          note.textContent = error.message;
        });
      }
      show();
    },
  };
}

/** Sort named directions into families, those that begin alike: hair-black and hair-teal are of the family hair. */
function families(ways) {
  const familyOf = ({ kind, name }) => (kind === "attribute" && name.includes("-") ? name.slice(0, name.indexOf("-")) : "");
  const byFamily = new Map();
  for (const way of ways) byFamily.set(familyOf(way), [...(byFamily.get(familyOf(way)) ?? []), way]);
  return [...byFamily];
}

/** Round strengths as the URL writes them and drop those that are nothing. */
function clean(strengths) {
  const rounded = Object.entries(strengths).map(([name, value]) => [name, Math.round(value * 100) / 100]);
  return Object.fromEntries(rounded.filter(([, value]) => value));
}

// The wall's controls: class, attribute, truncation, size, and where it begins.

import { bestOfChoices, directionsOf, modelNamed, sizeOf } from "./catalog.js";
import { button, choice, h, slider } from "./element.js";
import { fadeEdges } from "./fading.js";
import { change, now } from "./state.js";
import { tileSize, tileSizes } from "./sizing.js";
import { shortened, signed } from "./wording.js";

// What the list of attributes says where more than one is leaned towards; no direction has such a name.
const SEVERAL = "+";
// Whoever counts in doubles counts no further; the wall ends there.
const LAST_SEED = Number.MAX_SAFE_INTEGER - 1;

/** Make the controls of the wall. */
export function createFilters() {
  const label = choice({ label: "Class", options: [], value: "", onChange: (value) => change({ label: value }) });
  const lean = choice({ label: "Attribute", options: [], value: "", onChange: (name) => change({ lean: name ? { [name]: strengths.get(name) / 2 } : {} }, { step: true }) });
  const much = slider({ label: "How much", min: -3, max: 3, step: 0.1, value: 0, show: signed, onInput: (value) => change({ lean: { ...now().lean, [Object.keys(now().lean)[0]]: value || 0.01 } }) });
  const strengths = new Map();
  const best = choice({ label: "Best of", options: [], value: "1", onChange: (value) => change({ best: Number(value) }, { step: true }) });
  const psi = slider({ label: "Truncation", min: 0, max: 1, step: 0.05, value: 1, show: (value) => value.toFixed(2), onInput: (value) => change({ psi: value }) });
  const size = slider({ label: "Size", min: 0, max: 4, step: 1, value: 0, onInput: (index) => change({ size: sizes[index] }) });
  const from = h("input", { type: "text", inputMode: "numeric", size: 8, on: { change: jump, input: () => refuse("") } });
  const note = h("p", { className: "note filters-note", id: "from-note", role: "status" });
  from.setAttribute("aria-describedby", note.id);
  const shuffle = button("Shuffle", () => change({ from: Math.floor(Math.random() * 1e9) }, { step: true }));
  // What belongs together goes to another row together.
  const start = h("div", { className: "together" }, h("label", { className: "field" }, h("span", {}, "From seed"), from), shuffle);
  const row = h("div", { className: "controls", role: "group", "aria-label": "Filter the wall" }, label, lean, much, best, psi, size, start);
  const node = h("div", {}, row, note);
  fadeEdges(row);
  let sizes = [];

  function jump() {
    const typed = from.value.trim();
    if (typed === "") from.value = now().from;
    else if (!/^\d+$/.test(typed)) refuse(`\u201c${shortened(typed)}\u201d is not a seed. A seed is a whole number from 0 to ${LAST_SEED}. The wall stays where it was.`);
    else if (Number(typed) > LAST_SEED) refuse(`${shortened(typed)} is beyond the last seed, ${LAST_SEED}. The wall stays where it was.`);
    else change({ from: Number(typed) }, { step: true });
  }

  /** Say why what is typed is no seed, and leave it there to be mended; "" takes it back. */
  function refuse(why) {
    note.textContent = why;
    if (why) from.setAttribute("aria-invalid", "true");
    else from.removeAttribute("aria-invalid");
  }

  async function showDirections(model) {
    const ways = await directionsOf(model);
    if (modelNamed(now().model) !== model) return;
    strengths.clear();
    for (const { name, strength } of ways) strengths.set(name, strength);
    const [chosen, ...more] = Object.keys(now().lean);
    lean.hidden = !ways.length;
    const several = more.length ? [[SEVERAL, `${more.length + 1} changes`]] : [];
    // A link may lean towards what this model lacks: what is chosen is shown, or nobody could see what to change.
    const unknown = chosen && !strengths.has(chosen) && !more.length ? [[chosen, shortened(chosen)]] : [];
    lean.set(several.length ? SEVERAL : (chosen ?? ""), [["", "As drawn"], ...several, ...unknown, ...ways.map(({ name }) => [name, name])]);
    much.hidden = !strengths.has(chosen) || more.length > 0;
    if (much.hidden) return;
    [much.input.min, much.input.max] = [-strengths.get(chosen), strengths.get(chosen)];
    much.set(now().lean[chosen]);
  }

  return {
    node,
    update(state) {
      const model = modelNamed(state.model);
      showDirections(model).catch(() => (lean.hidden = much.hidden = true));
      const [height, width] = sizeOf(model);
      label.hidden = !model.class_names.length;
      label.set(model.class_names.includes(state.label) ? state.label : "", [["", "Any"], ...model.class_names.map((name) => [name, name])]);
      const counts = bestOfChoices(model);
      best.hidden = counts.length < 2;
      best.set(String(counts.includes(state.best) ? state.best : 1), counts.map((count) => [String(count), String(count)]));
      sizes = tileSizes(height, width);
      size.input.max = sizes.length - 1;
      const index = sizes.indexOf(tileSize(state.size, height, width));
      size.set(index);
      size.querySelector("output").textContent = `${sizes[index]} px`;
      size.input.setAttribute("aria-valuetext", `${sizes[index]} pixels`);
      psi.set(state.psi);
      if (document.activeElement === from || String(state.from) === from.value) return;
      from.value = state.from;
      refuse("");
    },
  };
}

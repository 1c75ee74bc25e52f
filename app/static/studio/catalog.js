// The served models, as GET /models tells them.

import { askJson } from "./api.js";
import { editsText } from "./state.js";

let served = [];
let starting = "";
const ways = new Map();

/** Ask what is served. Returns whether it differs from what was known. */
export async function loadCatalog() {
  const { models, default: name } = await askJson("models", { cache: "no-store" });
  const isNew = models.map((model) => model.digest).join() !== served.map((model) => model.digest).join();
  served = models;
  starting = name;
  return isNew;
}

/** Return every served model. */
export function models() {
  return served;
}

/** Return the model of this name, or the default one. */
export function modelNamed(name) {
  return served.find((model) => model.name === name) ?? served.find((model) => model.name === starting);
}

/** Return the change of state that turns to another model: nothing is kept that only the old one knows. */
export function turnTo(name) {
  return { model: name, label: "", edits: {}, lean: {}, size: 0, z: [], zclass: "" };
}

/** Ask along what a model's images can be changed: a list of {name, kind, strength, ...}. */
export function directionsOf(model) {
  if (!ways.has(model.digest)) {
    const asked = askJson(`models/${encodeURIComponent(model.name)}/directions`).then(({ directions }) => directions);
    ways.set(model.digest, asked);
    asked.catch(() => ways.delete(model.digest));
  }
  return ways.get(model.digest);
}

/** Return height and width of a model's images. */
export function sizeOf({ spec }) {
  return [spec.img_resolution, spec.img_width ?? spec.img_resolution];
}

/** Write the class of a state for the service; a model without classes has none. */
export function labelOf(model, state) {
  return model.class_names.includes(state.label) ? state.label : "";
}

/** List how many candidates for a seed a model can choose from; only 1 where it has no discriminator. */
export function bestOfChoices({ offers_best_of, limits }) {
  return offers_best_of ? [1, 4, 8].filter((count) => count <= limits.max_best_of) : [1];
}

/** Return what a still of the wall depends on besides its seed, for `stillAddress`. */
export function wallLooksOf(model, state) {
  return { ...looksOf(model, state, editsText(state.lean)), best: bestOfChoices(model).includes(state.best) ? state.best : 1 };
}

/** Return what a still depends on besides its seed, for `stillAddress`. */
export function looksOf(model, state, edits = "") {
  return { label: labelOf(model, state), psi: state.psi, edits };
}

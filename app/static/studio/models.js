// Models: what each is made of, and two of them side by side at the same seeds.

import { address, stillAddress } from "./api.js";
import { looksOf, modelNamed, models, sizeOf } from "./catalog.js";
import { button, choice, h } from "./element.js";
import { load, paint } from "./pictures.js";
import { change, now } from "./state.js";

const SHEET = 32;

/** Make the view. */
export function createModels() {
  const cards = h("div", { className: "cards" });
  const rival = choice({ label: "Beside it", options: [], value: "", onChange: (value) => change({ rival: value }, { step: true }) });
  const step = (by) => () => change({ from: Math.max(0, now().from + by) });
  const controls = h("div", { className: "controls", role: "group", "aria-label": "Compare" }, rival,
    button("Earlier seeds", step(-SHEET)), button("Later seeds", step(SHEET)));
  const node = h("div", {}, controls, cards);
  let shown = "";
  return {
    node,
    update(state) {
      const model = modelNamed(state.model);
      const others = models().filter(({ name }) => name !== model.name);
      const other = others.find(({ name }) => name === state.rival) ?? others[0];
      rival.hidden = !others.length;
      rival.set(other?.name ?? "", others.map(({ name }) => [name, name]));
      const wanted = [model.digest, other?.digest, state.from, state.psi, state.label].join();
      if (wanted === shown) return;
      shown = wanted;
      cards.replaceChildren(...[model, other].filter(Boolean).map((one) => card(one, state)));
    },
    call(state) {
      return { path: `models/${modelNamed(state.model).name}` };
    },
  };
}

function card(model, state) {
  const { provenance: made, spec } = model;
  const [height, width] = sizeOf(model);
  const fact = (name, value) => (value ? [h("dt", {}, name), h("dd", {}, value)] : []);
  const last = state.from + SHEET - 1;
  return h("article", { className: "card", "aria-label": model.name },
    h("header", {}, h("h2", {}, model.name),
      button("Open its wall", () => change({ view: "wall", model: model.name, label: "" }, { step: true }))),
    sheet(model, state),
    h("p", { className: "note" }, `Seeds ${state.from} to ${last}, none picked. `,
      h("a", { href: sheetAddress(model, state), download: `${model.name}.json` }, "About this model as JSON")),
    h("dl", { className: "facts" },
      ...fact("Images", `${width} × ${height}, ${{ 1: "gray", 2: "gray and alpha", 3: "colour", 4: "colour and alpha" }[spec.img_channels]}`),
      ...fact("Classes", model.class_names.join(", ")),
      ...fact("Architecture", `${spec.architecture}, z of ${spec.z_dim} numbers`),
      ...fact("Data", made.dataset ?? made.data),
      ...fact("Licence", made.licence),
      ...fact("Credit", made.credit),
      ...fact("Recipe", made.preset),
      ...fact("Images seen", made.images_seen?.toLocaleString("en")),
      ...fact("Served in", `${model.precision}${model.psnr_db ? `, ${model.psnr_db.toFixed(1)} dB from float32` : ""}, on ${model.device}`),
      ...fact("Golden images", model.golden_verdict),
      ...fact("Digest", h("code", {}, model.digest))),
    scores(made.scores ?? {}));
}

function sheetAddress(model) {
  return address(`models/${model.name}`);
}

function sheet(model, state) {
  const [height, width] = sizeOf(model);
  const node = h("div", { className: "sheet", role: "img", "aria-label": `${SHEET} images of ${model.name}` });
  node.style.setProperty("--shape", `${width} / ${height}`);
  for (let seed = state.from; seed < state.from + SHEET; seed++) {
    const canvas = h("canvas", { width, height, "aria-hidden": "true", data: { seed } });
    const path = stillAddress(model, seed, looksOf(model, state));
    load(path).then(({ bitmap }) => {
      paint(canvas, bitmap);
      canvas.dataset.shows = path;
    }, () => {});
    node.append(canvas);
  }
  return node;
}

/** Show the scores that the checkpoint carries, nested ones by their path. */
function scores(tree) {
  const rows = flatten(tree, "").slice(0, 40);
  if (!rows.length) return h("p", { className: "note" }, "No scores in this checkpoint: python -m model evaluate --write adds them.");
  const table = h("table", { className: "scores" }, h("caption", { className: "unseen" }, "Scores"));
  for (const [name, value] of rows) table.append(h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)));
  return table;
}

function flatten(tree, path) {
  return Object.entries(tree).flatMap(([name, value]) => {
    const full = path ? `${path} ${name}` : name;
    if (value && typeof value === "object") return flatten(value, full);
    return [[full.replaceAll("_", " "), typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value ?? "–")]];
  });
}

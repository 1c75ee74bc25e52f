// Models: what each is made of, and two of them side by side at the same seeds.

import { address, ask, post, stillAddress } from "./api.js";
import { looksOf, modelNamed, models, sizeOf, turnTo } from "./catalog.js";
import { button, choice, h } from "./element.js";
import { fadeEdges } from "./fading.js";
import { load, paint } from "./pictures.js";
import { save } from "./saving.js";
import { enlarge } from "./sizing.js";
import { change, now } from "./state.js";

const ROWS = 4;
// A cell of a sheet is so many pixels wide or a multiple of it: most images fill it with whole pixels.
const CELL = 64;
const LEAST_COLUMNS = 4;
// What ends the name of a score of real images.
const REAL = "_real";
const VERDICTS = { exact: "equal to the exporter's, bit for bit", close: "within a rounding of the exporter's" };

/** Make the view. */
export function createModels() {
  const cards = h("div", { className: "cards" });
  const rival = choice({ label: "Beside it", options: [], value: "", onChange: (value) => change({ rival: value }, { step: true }) });
  const step = (direction) => () => change({ from: Math.max(0, now().from + direction * plan.count) });
  const controls = h("div", { className: "controls", role: "group", "aria-label": "Compare" }, rival,
    button("← Earlier", step(-1), { "aria-label": "Earlier seeds" }), button("Later →", step(1), { "aria-label": "Later seeds" }));
  const node = h("div", {}, controls, cards);
  fadeEdges(controls);
  let shown = "";
  let plan = planSheet(2, innerWidth);
  return {
    node,
    update(state) {
      const model = modelNamed(state.model);
      const others = models().filter(({ name }) => name !== model.name);
      const other = others.find(({ name }) => name === state.rival) ?? others[0];
      rival.hidden = !others.length;
      rival.set(other?.name ?? "", others.map(({ name }) => [name, name]));
      plan = planSheet(other ? 2 : 1, node.clientWidth || innerWidth);
      const wanted = [model.digest, other?.digest, state.from, state.psi, state.label, plan.cell, plan.count].join();
      if (wanted === shown) return;
      shown = wanted;
      cards.replaceChildren(...[model, other].filter(Boolean).map((one) => card(one, state, plan)));
    },
    call(state) {
      return { path: `models/${modelNamed(state.model).name}` };
    },
  };
}

/** Choose how a sheet is laid out in one of so many cards in this width, so that both show the same seeds. */
function planSheet(cards, room) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const beside = room < 52 * rem + 1 ? 1 : cards; // as the grid of the style sheet breaks
  const width = Math.min(room / beside - 3 * rem - 1, 20 * CELL);
  const cell = CELL * Math.max(1, Math.floor(width / 8 / CELL));
  const columns = Math.max(LEAST_COLUMNS, Math.floor(width / cell));
  return { cell, columns, count: ROWS * columns };
}

function card(model, state, plan) {
  const { provenance: made, spec } = model;
  const [height, width] = sizeOf(model);
  const fact = (name, value) => (value ? [h("dt", {}, name), h("dd", {}, value)] : []);
  const last = state.from + plan.count - 1;
  return h("article", { className: "card", "aria-label": model.name },
    h("header", {}, h("h2", {}, model.name),
      button("Open its wall", () => change({ ...(model === modelNamed(now().model) ? {} : turnTo(model.name)), view: "wall" }, { step: true }))),
    sheet(model, state, plan),
    h("p", { className: "note" }, `Seeds ${state.from} to ${last}, none picked.`),
    files(model, state, plan),
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
      ...fact("Test images", VERDICTS[model.golden_verdict] ?? model.golden_verdict),
      ...fact("Digest", h("code", {}, model.digest))),
    scores(made.scores ?? {}));
}

/** What can be taken along: the sheet as one image, and the facts as JSON. */
function files(model, state, plan) {
  const note = h("span", { role: "status" });
  const { label, psi } = looksOf(model, state);
  const body = { model: model.name, seed: state.from, n: Math.min(plan.count, model.limits.max_images), layout: "grid",
    ...(label ? { label } : {}), ...(psi === 1 ? {} : { truncation: psi }) };
  const saveSheet = async () => {
    try {
      save(await (await ask("generate", post(body))).blob(), `${model.name}-sheet.png`);
    } catch (error) {
      note.textContent = error.message;
    }
  };
  return h("p", { className: "files" }, button("Save the sheet", saveSheet),
    h("a", { className: "button", href: address(`models/${model.name}`), download: `${model.name}.json` }, "Save the card as JSON"), note);
}

function sheet(model, state, plan) {
  const [height, width] = sizeOf(model);
  const node = h("div", { className: "sheet", role: "img", "aria-label": `${plan.count} images of ${model.name}` });
  node.style.setProperty("--cell", `${plan.cell}px`);
  node.style.setProperty("--columns", plan.columns);
  node.classList.toggle("smooth", plan.cell < Math.max(height, width));
  for (let seed = state.from; seed < state.from + plan.count; seed++) {
    const canvas = h("canvas", { width, height, "aria-hidden": "true", data: { seed } });
    enlarge(canvas, height, width, plan.cell);
    const path = stillAddress(model, seed, looksOf(model, state));
    load(path).then(({ bitmap }) => {
      paint(canvas, bitmap);
      canvas.dataset.shows = path;
    }, () => {});
    node.append(canvas);
  }
  return node;
}

/** Show the scores that the checkpoint carries, each beside the same score of real images where it has one. */
function scores(given) {
  const names = Object.keys(given).filter((name) => !name.endsWith(REAL));
  if (!names.length) return h("p", { className: "note" }, "No scores in this checkpoint: python -m model evaluate --write adds them.");
  const hasReal = names.some((name) => name + REAL in given);
  const row = (name) => h("tr", {}, h("th", { scope: "row" }, name.replaceAll("_", " ")), h("td", {}, figure(given[name])),
    hasReal && h("td", {}, name + REAL in given ? figure(given[name + REAL]) : ""));
  return h("table", { className: "scores" }, h("caption", { className: "unseen" }, "Scores"),
    hasReal && h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "These images"), h("th", { scope: "col" }, "Real images"))),
    h("tbody", {}, names.map(row)));
}

function figure(value) {
  return typeof value === "number" ? Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 }) : "–";
}

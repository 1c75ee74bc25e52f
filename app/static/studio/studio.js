// The studio: one state, one view at a time, and what frames them.

import { createArithmetic, MOST_IN_A_TERM } from "./arithmetic.js";
import { takeSeeds } from "./carrying.js";
import { loadCatalog, modelNamed, models, turnTo } from "./catalog.js";
import { createCallBar } from "./code.js";
import { tellTo } from "./connection.js";
import { button, h } from "./element.js";
import { fadeEdges } from "./fading.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { createModels } from "./models.js";
import { createMorph, MOST_KEYS } from "./morph.js";
import { createPicture } from "./picture.js";
import { createShape } from "./shape.js";
import { change, link, now, onChange } from "./state.js";
import { startTheme } from "./theme.js";
import { createWall } from "./wall.js";
import { shortened } from "./wording.js";

/** The views: what the tab says, and what makes it. Each has a node, `update(state)`, `call(state)` and may `leave()`. */
const VIEWS = {
  wall: { title: "Wall", create: createWall },
  morph: { title: "Morph", create: createMorph },
  shape: { title: "Shape", create: createShape },
  arithmetic: { title: "Arithmetic", create: createArithmetic },
  picture: { title: "From a picture", create: createPicture },
  models: { title: "Models", create: createModels },
};

/** What a view does with a seed that is dropped on its tab, without leaving the view that it came from; and what is said then. */
const TAKES = {
  morph: ({ keys }, seed) => [{ keys: [...keys, seed].slice(0, MOST_KEYS) }, `Seed ${seed} is on the timeline.`],
  shape: (_, seed) => [{ face: seed, edits: {} }, `Seed ${seed} is ready to be shaped.`],
  arithmetic: ({ a }, seed) => [{ a: [...a, seed].slice(-MOST_IN_A_TERM) }, `Seed ${seed} is in A.`],
};
const TOLD_MS = 4000;

const place = document.getElementById("view");
const notice = document.getElementById("notice");
const tabs = document.getElementById("views");
const modelChoice = document.getElementById("model");
const made = {};
let shown = null;
let fading = 0;

function viewOf(state) {
  return VIEWS[state.view] ? state.view : "wall";
}

function show(state, before) {
  const name = viewOf(state);
  if (shown !== name) {
    made[shown]?.leave?.();
    made[name] ??= VIEWS[name].create();
    place.replaceChildren(made[name].node);
    place.className = `view-${name}`;
    document.title = `${VIEWS[name].title} · ganloom`;
    shown = name;
  }
  made[name].update(state, before);
  for (const tab of tabs.children) {
    tab.href = link({ view: tab.dataset.view, seed: null });
    if (tab.dataset.view === name) {
      tab.setAttribute("aria-current", "page");
      tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - tabs.clientWidth / 2 + tab.clientWidth / 2;
    }
    else tab.removeAttribute("aria-current");
  }
  modelChoice.value = modelNamed(state.model).name;
  callBar.show(made[name].call(state), state);
  if (notice.hidden || notice.className === "instead") tell("fine", "");
}

/** Say what stays true for as long as the state does: that another model is shown than the one asked for. */
function standing({ model }) {
  const served = models().length ? modelNamed(model).name : model;
  if (!model || served === model) return ["fine", ""];
  return ["instead", `The model \u201c${shortened(model)}\u201d is not served here. This is ${served} instead.`];
}

function tell(...news) {
  const [kind, text] = news[0] === "fine" ? standing(now()) : news;
  if (notice.textContent === text && notice.className === kind && !notice.hidden) return; // not read out twice
  notice.hidden = kind === "fine";
  notice.className = kind;
  notice.textContent = text;
  if (kind === "done") fade();
  if (kind !== "back") return;
  loadCatalog().then((isNew) => {
    if (isNew) fillModels();
    notice.textContent = isNew ? "The service is back, with other weights." : text;
    show(now());
  }, () => {}); // what was known of the models stays
  fade();
}

/** Take good news away again, unless other news has come. */
function fade() {
  clearTimeout(fading);
  fading = setTimeout(() => ["back", "done"].includes(notice.className) && tell("fine", ""), TOLD_MS);
}

function fillModels() {
  modelChoice.replaceChildren(...models().map(({ name }) => new Option(name, name)));
  document.getElementById("model-field").hidden = models().length < 2;
}

tellTo(tell);
startTheme(document.getElementById("theme"));
tabs.append(...Object.entries(VIEWS).map(([view, { title }]) => h("a", { data: { view }, href: `#${view}` }, title)));
for (const tab of tabs.children) {
  const take = TAKES[tab.dataset.view];
  if (!take) continue;
  takeSeeds(tab, (seed) => {
    const [patch, told] = take(now(), seed);
    change(patch, { step: true });
    tell("done", told);
  });
}
modelChoice.addEventListener("change", () => change(turnTo(modelChoice.value), { step: true }));
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part behind # is the state
  place.focus();
});
const callBar = createCallBar(document.getElementById("call"), (lang) => change({ lang }), (call) => change({ call }));
startLive(document.getElementById("live"));
startKeys(document.getElementById("keys"), Object.keys(VIEWS));

/** Show the first view once it is known what is served, or say why there is none. */
async function begin() {
  place.replaceChildren(h("p", { className: "empty", role: "status" }, "Asking what is served …"));
  try {
    await loadCatalog();
  } catch (error) {
    place.replaceChildren(h("div", { className: "empty" }, h("p", { role: "alert" }, error.message), h("p", { className: "actions" }, button("Try again", begin))));
    return;
  }
  if (!models().length) {
    place.replaceChildren(h("p", { className: "empty" }, "No model is served. Put a checkpoint into the weights folder and start again."));
    return;
  }
  fillModels();
  onChange(show);
  show(now());
  fadeEdges(tabs);
  // What is as large as its place is measured anew when the place is.
  addEventListener("resize", () => requestAnimationFrame(() => show(now(), now())));
}

await begin();

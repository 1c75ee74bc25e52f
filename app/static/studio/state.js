// The state of the studio is the part of its URL behind the #, and nothing else: a link restores a view.

const numbers = (text) => text.split(",").filter((part) => /^\d{1,16}$/.test(part)).map(Number);
const list = { read: numbers, write: (seeds) => seeds.join(",") };
const floats = {
  read: (text) => (text.split(",").every((part) => part !== "" && Number.isFinite(Number(part))) ? text.split(",").map(Number) : undefined),
  write: (values) => values.join(","),
};
const number = (min, max) => ({
  read: (text) => (text !== "" && Number.isFinite(Number(text)) ? Math.min(max, Math.max(min, Number(text))) : undefined),
  write: String,
});
const seed = { read: (text) => (/^\d{1,16}$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined), write: String };
const word = { read: (text) => text.slice(0, 200), write: String };
// glasses:1.5,sefa-3:-2, as the service writes it.
const edits = {
  read: (text) => {
    const pairs = text.split(",").map((part) => part.match(/^(.{1,128}):(-?\d+(?:\.\d+)?)$/)).filter(Boolean);
    return Object.fromEntries(pairs.map(([, name, strength]) => [name, Number(strength)]));
  },
  write: (strengths) => Object.entries(strengths).filter(([, strength]) => strength).map(([name, strength]) => `${name}:${strength}`).join(","),
};

/** Every part of the state: how it is written, and what it is when the URL does not say. */
const PARTS = {
  model: { ...word, start: "" },
  label: { ...word, start: "" },
  psi: { ...number(0, 1), start: 1 },
  lean: { ...edits, start: {} },
  best: { ...number(1, 64), start: 1 },
  from: { ...seed, start: 0 },
  size: { ...number(16, 512), start: 0 },
  seed: { ...seed, start: null },
  keys: { ...list, start: [] },
  path: { ...word, start: "slerp" },
  easing: { ...word, start: "linear" },
  seconds: { ...number(1, 20), start: 4 },
  face: { ...seed, start: null },
  edits: { ...edits, start: {} },
  z: { ...floats, start: [] },
  zclass: { ...word, start: "" },
  task: { ...word, start: "invert" },
  steps: { ...number(50, 2000), start: 300 },
  factor: { ...number(2, 8), start: 4 },
  a: { ...list, start: [] },
  b: { ...list, start: [] },
  c: { ...list, start: [] },
  rival: { ...word, start: "" },
  lang: { ...word, start: "curl" },
  call: { ...word, start: "" },
};

/** Write strengths of directions as the service reads them; none as "". */
export const editsText = edits.write;

let current = read();
let timer = 0;
const listeners = [];

// Browsers let a page change its address some twenty times a second; a slider changes the state more often.
const SETTLE_MS = 150;

/** Return the state as it is now; frozen. */
export function now() {
  return current;
}

/** Change parts of the state. A `step` is one that the Back button undoes. */
export function change(patch, { step = false } = {}) {
  const next = Object.freeze({ ...current, ...patch });
  const hash = write(next);
  if (hash === write(current)) return;
  const before = current;
  clearTimeout(timer);
  if (step) {
    if (location.hash !== write(before)) history.replaceState(null, "", write(before));
    history.pushState(null, "", hash);
  } else timer = setTimeout(() => history.replaceState(null, "", write(current)), SETTLE_MS);
  current = next;
  for (const listen of listeners) listen(current, before);
}

/** Call `listen(state, before)` after every change. */
export function onChange(listen) {
  listeners.push(listen);
}

/** Write an address of another state, for a link. */
export function link(patch) {
  return write({ ...current, ...patch });
}

function write(state) {
  const query = Object.entries(PARTS)
    .filter(([name, part]) => state[name] !== null && part.write(state[name]) !== (part.start === null ? null : part.write(part.start)))
    .map(([name, part]) => `${name}=${encodeURIComponent(part.write(state[name])).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
  return `#${state.view}${query.length ? `?${query.join("&")}` : ""}`;
}

function read() {
  const [view, query = ""] = location.hash.slice(1).split("?", 2);
  const given = new URLSearchParams(query);
  const state = { view: view || "wall" };
  for (const [name, part] of Object.entries(PARTS)) {
    const text = given.get(name);
    state[name] = (text === null ? undefined : part.read(text)) ?? part.start;
  }
  return Object.freeze(state);
}

function follow() {
  clearTimeout(timer);
  const before = current;
  current = read();
  if (write(current) !== write(before)) for (const listen of listeners) listen(current, before);
}

addEventListener("popstate", follow);
addEventListener("hashchange", follow);

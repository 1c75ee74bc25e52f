// Morph: a film through key frames, dragged onto a timeline.

import { address } from "./api.js";
import { takeSeeds } from "./carrying.js";
import { labelOf, looksOf, modelNamed, sizeOf } from "./catalog.js";
import { button, choice, h, slider } from "./element.js";
import { FRAMES_A_SECOND, frameCount, loadFrames, Player } from "./film.js";
import { blank } from "./pictures.js";
import { createShelf, face } from "./shelf.js";
import { enlarge, roomIn } from "./sizing.js";
import { change, editsText, now } from "./state.js";
import { FORMAT_NAMES } from "./wording.js";

const FORMATS = ["gif", "webp", "apng", "mp4", "webm"];
const EASINGS = [["linear", "Steady"], ["ease", "Ease"], ["ease-in", "Ease in"], ["ease-out", "Ease out"], ["ease-in-out", "Ease in and out"]];
const PATHS = [["slerp", "On the sphere"], ["lerp", "Straight"]];
export const MOST_KEYS = 16;

/** Make the view. */
export function createMorph() {
  const canvas = h("canvas", { className: "crisp", role: "img", "aria-label": "The film", width: 1, height: 1 });
  const scrub = h("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": "Frame", on: { input: seek } });
  const told = h("output", {}, "");
  const play = button("Play", toggle, { className: "main" });
  const timeline = h("ol", { className: "timeline", "aria-label": "Key frames; Alt and arrow keys move one, Delete removes it" });
  const drop = h("li", { className: "drop" }, "Drop here");
  const note = h("p", { className: "note", role: "status" });
  const path = choice({ label: "Path", options: PATHS, value: "slerp", onChange: (value) => change({ path: value }) });
  const easing = choice({ label: "Easing", options: EASINGS, value: "linear", onChange: (value) => change({ easing: value }) });
  const seconds = slider({ label: "Duration", min: 1, max: 12, step: 1, value: 4, show: (value) => `${value} s`, onChange: (value) => change({ seconds: value }) });
  const files = h("p", { className: "files" });
  const shelf = createShelf("Drag up, or tap", (seed) => setKeys([...now().keys, seed]), leaning);
  const clear = button("Clear", () => change({ keys: [] }, { step: true }));
  const surprise = button("Surprise me", () => setKeys(Array.from({ length: 5 }, () => Math.floor(Math.random() * 1e6))));
  const stage = h("div", { className: "stage" }, canvas, h("div", { className: "transport" }, play, scrub, told), timeline, note);
  const node = h("div", { className: "bench" },
    stage,
    h("section", { className: "steer", "aria-label": "The film" }, h("h2", {}, "Morph"),
      h("p", { className: "note" }, "A walk through the latent space from one image to the next. Every frame is an image of its own."),
      path, easing, seconds, h("p", { className: "actions" }, surprise, clear), files,
      h("p", { className: "note keys" }, "Drag key frames to move them; by keys: Alt and an arrow moves one, Delete removes it, the arrows of the slider step through the film.")),
    shelf.node);
  const player = new Player(canvas, (index) => {
    scrub.value = index;
    told.textContent = `frame ${index + 1} of ${player.frames.length}`;
    markKey(index);
  });
  takeSeeds(timeline, (seed, event) => setKeys(insert(now().keys, seed, placeOf(event), moved)));
  let moved = null; // the place of the key frame that is being dragged
  let shown = null;
  let keysShown = "";
  let loading = new AbortController();

  function setKeys(keys) {
    if (keys.length > MOST_KEYS) note.textContent = `A film has at most ${MOST_KEYS} key frames.`;
    else change({ keys }, { step: true });
  }

  function seek() {
    stop();
    player.seek(Number(scrub.value));
  }

  function toggle() {
    if (player.isPlaying) stop();
    else {
      player.play();
      play.textContent = player.isPlaying ? "Pause" : "Play";
    }
  }

  function stop() {
    player.pause();
    play.textContent = "Play";
  }

  function placeOf(event) {
    const items = [...timeline.querySelectorAll("li:not(.drop)")];
    const after = items.findIndex((item) => event.clientX < item.getBoundingClientRect().left + item.offsetWidth / 2);
    return after < 0 ? items.length : after;
  }

  function markKey(index) {
    const keys = timeline.querySelectorAll("li:not(.drop)");
    const at = Math.round((index / Math.max(1, player.frames.length - 1)) * (keys.length - 1));
    keys.forEach((item, place) => item.classList.toggle("now", place === at));
  }

  function showKeys(keys) {
    const items = keys.map((seed, place) => {
      const one = face(seed, () => seekKey(place), { label: `Key frame ${place + 1}: seed ${seed}`, looks: leaning });
      one.addEventListener("dragstart", () => (moved = place));
      one.addEventListener("dragend", () => (moved = null));
      return h("li", { on: { keydown: (event) => moveKey(event, place) } }, one,
        button("×", () => removeKey(place), { className: "remove", "aria-label": `Remove seed ${seed}` }));
    });
    timeline.replaceChildren(...items, drop);
    drop.hidden = keys.length >= MOST_KEYS;
  }

  function seekKey(place) {
    stop();
    player.seek(Math.round((place / Math.max(1, now().keys.length - 1)) * (player.frames.length - 1)));
  }

  function removeKey(place) {
    setKeys(now().keys.filter((_, other) => other !== place));
    // Whoever removes by key goes on at the next one, not at the top of the page.
    (timeline.querySelectorAll("li .face")[Math.min(place, now().keys.length - 1)] ?? shelf.node.querySelector('.face[tabindex="0"], .face'))?.focus();
  }

  function moveKey(event, place) {
    const keys = [...now().keys];
    const [seed] = keys.splice(place, 1);
    if (event.key === "Delete") removeKey(place);
    else if (event.altKey && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      const to = Math.min(keys.length, Math.max(0, place + (event.key === "ArrowLeft" ? -1 : 1)));
      keys.splice(to, 0, seed);
      setKeys(keys);
      timeline.querySelectorAll("li .face")[to]?.focus();
    } else return;
    event.preventDefault();
  }

  async function loadFilm(state, strip, count) {
    loading.abort();
    loading = new AbortController();
    note.textContent = `Weaving ${count} frames …`;
    try {
      const frames = await loadFrames(strip, count, loading.signal);
      player.take(frames, state.seconds);
      scrub.max = frames.length - 1;
      scrub.value = player.index;
      canvas.dataset.shows = strip;
      canvas.classList.remove("blank");
      note.textContent = "";
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches && !player.isPlaying) toggle();
    } catch (error) {
      if (error.name !== "AbortError") note.textContent = error.message;
    }
  }

  return {
    node,
    player,
    leave: stop,
    update(state) {
      shelf.update(state);
      path.set(state.path);
      easing.set(state.easing);
      seconds.set(state.seconds);
      const model = modelNamed(state.model);
      enlarge(canvas, ...sizeOf(model), roomIn(stage, { below: 14 }));
      const isFilm = state.keys.length > 1;
      const strip = isFilm ? filmAddress(model, state, "png") : "";
      const keys = `${model.digest} ${labelOf(model, state)} ${state.psi} ${editsText(state.lean)} ${state.keys}`;
      if (keys !== keysShown) showKeys(state.keys);
      keysShown = keys;
      for (const part of [play, scrub]) part.disabled = !isFilm;
      files.replaceChildren(...(isFilm ? ["Save as ", ...FORMATS.map((format) =>
        h("a", { href: filmAddress(model, state, format), download: `${model.name}-morph.${format === "apng" ? "png" : format}` }, FORMAT_NAMES[format]))] : []));
      if (strip === shown) return;
      shown = strip;
      if (isFilm) loadFilm(state, strip, steps(model, state));
      else {
        stop();
        loading.abort();
        player.clear();
        scrub.value = 0;
        told.textContent = "";
        blank(canvas);
        note.textContent = state.keys.length ? "One more image makes a film." : "Two images make a film. Drag them from below, or tap them.";
      }
    },
    call(state) {
      const model = modelNamed(state.model);
      return state.keys.length > 1 ? { path: filmAddress(model, state, "gif"), file: "morph.gif" } : null;
    },
  };
}

/** Return what a key frame is drawn with: it leans as the film does. */
function leaning(model, state) {
  return looksOf(model, state, editsText(state.lean));
}

function steps(model, state) {
  return Math.max(state.keys.length, frameCount(state.seconds, sizeOf(model)[1], model.limits.max_steps));
}

function filmAddress(model, state, format) {
  return address("interpolate", {
    seeds: state.keys.join(","),
    steps: steps(model, state),
    method: state.path === "lerp" ? "lerp" : "",
    easing: state.easing === "linear" ? "" : state.easing,
    format,
    fps: format === "png" ? "" : FRAMES_A_SECOND,
    model: model.is_default ? "" : model.name,
    label: labelOf(model, state),
    truncation: state.psi === 1 ? "" : state.psi,
    edits: editsText(state.lean),
    digest: model.digest,
  });
}

/** Put `seed` at `place`; one that came from place `from` of the same line leaves it. */
function insert(keys, seed, place, from) {
  const others = from === null ? [...keys] : keys.filter((_, index) => index !== from);
  others.splice(from !== null && from < place ? place - 1 : place, 0, seed);
  return others;
}

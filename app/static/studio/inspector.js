// The inspector: one image large and crisp, and all that is known of it.

import { address, ask, askJson, stillAddress } from "./api.js";
import { labelOf, modelNamed, sizeOf, wallLooksOf } from "./catalog.js";
import { button, h } from "./element.js";
import { load, paint, seedOf } from "./pictures.js";
import { enlarge } from "./sizing.js";
import { change, editsText, now } from "./state.js";
import { drawThreads } from "./threads.js";
import { FORMAT_NAMES, bytes, milliseconds } from "./wording.js";

const LEAST_SIDE = 320;

/** Make the inspector; it is hidden while no seed is chosen. */
export function createInspector() {
  const title = h("h2");
  const canvas = h("canvas", { className: "crisp", role: "img", width: 1, height: 1 });
  const facts = h("dl", { className: "facts" });
  const threads = h("canvas", { className: "threads", role: "img" });
  const latentNote = h("figcaption");
  const files = h("p", { className: "files" });
  const verdict = h("p", { className: "verdict", role: "status" });
  const verify = button("Verify", check);
  const step = (by) => () => change({ seed: Math.min(Number.MAX_SAFE_INTEGER - 1, Math.max(0, now().seed + by)) });
  const node = h(
    "aside",
    { className: "inspector", "aria-label": "Inspector", hidden: true, on: { keydown: steer } },
    h("header", {}, title, button("←", step(-1), { "aria-label": "Previous seed" }), button("→", step(1), { "aria-label": "Next seed" }),
      button("×", () => change({ seed: null }, { step: true }), { "aria-label": "Close" })),
    canvas,
    h("p", { className: "actions" },
      button("Morph", () => change({ view: "morph", keys: [...now().keys, winner()], seed: null }, { step: true }), { "aria-label": "Morph: put it on the timeline" }),
      button("Shape", () => change({ view: "shape", face: winner(), edits: now().lean, seed: null }, { step: true }), { "aria-label": "Shape it" }),
      button("Arithmetic", () => change({ view: "arithmetic", a: [...now().a, winner()].slice(-3), seed: null }, { step: true }), { "aria-label": "Arithmetic: add it to A" }),
      verify),
    verdict,
    files,
    h("figure", {}, threads, latentNote),
    facts,
  );
  let shown = "";
  let won = null; // the seed whose image is shown
  let latent = ""; // the address of the latent that is drawn, or on its way

  /** Return the seed to take along: of several candidates the one that won. */
  function winner() {
    return won ?? now().seed;
  }

  function steer(event) {
    if (event.key === "ArrowLeft") step(-1)();
    else if (event.key === "ArrowRight") step(1)();
  }

  /** Ask for the same image anew, and have the service judge the one that is shown. */
  async function check() {
    const path = shown;
    const state = now();
    const model = modelNamed(state.model);
    verdict.textContent = "Asking again …";
    try {
      const [{ blob }, answer] = [await load(path), await ask(path, { cache: "no-store" })];
      const isSame = await areEqual(blob, await answer.blob());
      const judged = editsText(state.lean) ? null : await judge(blob, model, { ...state, seed: winner() });
      if (path !== shown) return;
      if (isSame && (!judged || judged.verdict === "identical")) verdict.textContent = `Identical: made anew, the same ${bytes(blob.size)}. ${judged?.detail ?? ""}`;
      else verdict.textContent = `Different. ${judged?.detail ?? "What was made anew has other bytes."}`;
    } catch (error) {
      if (path === shown) verdict.textContent = error.message;
    }
  }

  async function showLatent(model, state, seed) {
    const path = address(`latents/${seed}`, { model: model.is_default ? "" : model.name, label: labelOf(model, state), truncation: state.psi === 1 ? "" : state.psi, edits: editsText(state.lean), digest: model.digest });
    latent = path;
    const { z } = await askJson(path);
    if (latent !== path) return; // another one is wanted by now
    drawThreads(threads, z);
    const length = Math.hypot(...z);
    threads.setAttribute("aria-label", `The latent of seed ${seed}: ${z.length} numbers of length ${length.toFixed(2)}`);
    latentNote.textContent = `z: ${z.length} numbers, length ${length.toFixed(2)}, from ${Math.min(...z).toFixed(2)} to ${Math.max(...z).toFixed(2)}`;
  }

  async function showImage(model, state, path, { best }) {
    const picture = await load(path, { isUrgent: true });
    if (shown !== path) return;
    paint(canvas, picture.bitmap);
    canvas.dataset.shows = path;
    won = seedOf(picture);
    const timing = picture.headers.get("Server-Timing")?.match(/forward;dur=([\d.]+)/)?.[1];
    const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
    facts.replaceChildren(
      ...fact("Model", model.name),
      ...(best > 1 ? fact(`Best of ${best}`, won === state.seed ? "this seed itself" : `seed ${won}`) : []),
      ...(labelOf(model, state) ? fact("Class", labelOf(model, state)) : []),
      ...fact("Image", `${picture.bitmap.width} × ${picture.bitmap.height}, ${bytes(picture.blob.size)}`),
      ...(timing ? fact("Made in", `${milliseconds(timing)}, in a batch of ${picture.headers.get("X-Ganloom-Batch")}`) : []),
      ...fact("ETag", h("code", {}, (picture.headers.get("ETag") ?? "").replaceAll('"', ""))),
      ...fact("Digest", h("code", { title: model.digest }, model.digest)),
    );
  }

  return {
    node,
    update(state) {
      node.hidden = state.seed === null;
      if (node.hidden) return;
      const model = modelNamed(state.model);
      const looks = wallLooksOf(model, state);
      const path = stillAddress(model, state.seed, looks);
      if (path === shown) return;
      shown = path;
      won = null;
      latent = "";
      title.textContent = `Seed ${state.seed}`;
      threads.setAttribute("aria-label", "The latent, on its way");
      canvas.setAttribute("aria-label", `${model.name}, seed ${state.seed}, enlarged`);
      verdict.textContent = "";
      enlarge(canvas, ...sizeOf(model), Math.max(LEAST_SIDE, sideIn(node)));
      files.replaceChildren("Save as ", ...["png", "jpg", "webp"].map((extension) =>
        h("a", { href: stillAddress(model, state.seed, { ...looks, extension }), download: `${model.name}-${state.seed}.${extension}` }, FORMAT_NAMES[extension])));
      const fail = (error) => {
        if (shown === path) verdict.textContent = error.message;
      };
      const miss = (error) => {
        if (shown !== path) return;
        threads.width = 1;
        threads.setAttribute("aria-label", "The latent did not come");
        latentNote.textContent = `No latent: ${error.message}`;
      };
      const draw = (seed) => showLatent(model, state, seed).catch(miss);
      // Which seed won is known with its image.
      const told = showImage(model, state, path, looks);
      if (looks.best === 1) draw(state.seed);
      told.then(() => looks.best > 1 && shown === path && draw(winner())).catch((error) => {
        fail(error);
        if (looks.best > 1) miss(error);
      });
    },
  };
}

/** Return how wide an image may be in the inspector, beside a scroll bar. */
function sideIn({ clientWidth }) {
  return clientWidth - 3.75 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

async function areEqual(one, other) {
  const [left, right] = [new Uint8Array(await one.arrayBuffer()), new Uint8Array(await other.arrayBuffer())];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Ask POST /verify whether a picture is what this model renders from this seed. */
function judge(blob, model, state) {
  const query = { model: model.name, digest: model.digest, seed: state.seed, label: labelOf(model, state), truncation: state.psi };
  return askJson(address("verify", query), { method: "POST", headers: { "Content-Type": blob.type }, body: blob });
}

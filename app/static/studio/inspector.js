// The inspector: one image large and crisp, and all that is known of it.

import { address, ask, askJson, stillAddress } from "./api.js";
import { labelOf, looksOf, modelNamed, sizeOf } from "./catalog.js";
import { button, h } from "./element.js";
import { load, paint } from "./pictures.js";
import { enlarge } from "./sizing.js";
import { change, editsText, now } from "./state.js";
import { drawThreads } from "./threads.js";
import { bytes } from "./wording.js";

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
  const step = (by) => () => change({ seed: Math.max(0, now().seed + by) });
  const node = h(
    "aside",
    { className: "inspector", "aria-label": "Inspector", hidden: true, on: { keydown: close } },
    h("header", {}, title, button("←", step(-1), { "aria-label": "Previous seed" }), button("→", step(1), { "aria-label": "Next seed" }),
      button("×", () => change({ seed: null }, { step: true }), { "aria-label": "Close" })),
    canvas,
    h("p", { className: "actions" },
      button("To the timeline", () => change({ view: "morph", keys: [...now().keys, now().seed], seed: null }, { step: true })),
      button("Shape it", () => change({ view: "shape", face: now().seed, seed: null }, { step: true })), verify),
    verdict,
    h("figure", {}, threads, latentNote),
    facts,
    files,
  );
  let shown = "";

  function close(event) {
    if (event.key === "Escape") change({ seed: null }, { step: true });
  }

  async function check() {
    const path = shown;
    verdict.textContent = "Asking again …";
    const [before, answer] = [await load(path), await ask(path, { cache: "no-store" })];
    const fresh = new Uint8Array(await answer.arrayBuffer());
    const known = new Uint8Array(await before.blob.arrayBuffer());
    const isSame = fresh.length === known.length && fresh.every((byte, index) => byte === known[index]);
    const isModel = answer.headers.get("X-Ganloom-Digest") === modelNamed(now().model).digest;
    if (path !== shown) return;
    verdict.textContent = isSame && isModel
      ? `Identical: made anew, the same ${bytes(fresh.length)}, from the same weights.`
      : `Different: what was made anew is not what is shown${isModel ? "" : "; the weights are others"}.`;
  }

  async function showLatent(model, state) {
    const path = address(`latents/${state.seed}`, { model: model.is_default ? "" : model.name, label: labelOf(model, state), truncation: state.psi === 1 ? "" : state.psi, edits: editsText(state.lean), digest: model.digest });
    const { z } = await askJson(path);
    if (now().seed !== state.seed) return;
    drawThreads(threads, z);
    const length = Math.hypot(...z);
    threads.setAttribute("aria-label", `The latent of seed ${state.seed}: ${z.length} numbers of length ${length.toFixed(2)}`);
    latentNote.textContent = `z: ${z.length} numbers, length ${length.toFixed(2)}, from ${Math.min(...z).toFixed(2)} to ${Math.max(...z).toFixed(2)}`;
  }

  async function showImage(model, state, path) {
    const picture = await load(path, { isUrgent: true });
    if (shown !== path) return;
    paint(canvas, picture.bitmap);
    canvas.dataset.shows = path;
    const timing = picture.headers.get("Server-Timing")?.match(/forward;dur=([\d.]+)/)?.[1];
    const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
    facts.replaceChildren(
      ...fact("Model", model.name),
      ...(labelOf(model, state) ? fact("Class", labelOf(model, state)) : []),
      ...fact("Image", `${picture.bitmap.width} × ${picture.bitmap.height}, ${bytes(picture.blob.size)}`),
      ...(timing ? fact("Made in", `${timing} ms, in a batch of ${picture.headers.get("X-Ganloom-Batch")}`) : []),
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
      const looks = looksOf(model, state, editsText(state.lean));
      const path = stillAddress(model, state.seed, looks);
      if (path === shown) return;
      shown = path;
      title.textContent = `Seed ${state.seed}`;
      canvas.setAttribute("aria-label", `${model.name}, seed ${state.seed}, enlarged`);
      verdict.textContent = "";
      enlarge(canvas, ...sizeOf(model), 320);
      files.replaceChildren("Save as ", ...["png", "jpg", "webp"].map((extension) =>
        h("a", { href: stillAddress(model, state.seed, { ...looks, extension }), download: `${model.name}-${state.seed}.${extension}` }, extension.toUpperCase())));
      const fail = (error) => {
        if (shown === path) verdict.textContent = error.message;
      };
      showImage(model, state, path).catch(fail);
      showLatent(model, state).catch(fail);
    },
  };
}

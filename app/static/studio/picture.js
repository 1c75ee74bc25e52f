// From a picture: find its latent, or mend the picture by it, then shape what was found.

import { address, ask, post, stillAddress } from "./api.js";
import { Brush } from "./brush.js";
import { takeSeeds } from "./carrying.js";
import { looksOf, modelNamed, sizeOf } from "./catalog.js";
import { button, choice, h, slider } from "./element.js";
import { Follower } from "./following.js";
import { decode, fetchPicture, load } from "./pictures.js";
import { explained, foundCall, Search } from "./search.js";
import { save } from "./saving.js";
import { createShelf } from "./shelf.js";
import { enlarge, roomIn } from "./sizing.js";
import { createSliders } from "./sliders.js";
import { change, now } from "./state.js";
import { FORMAT_NAMES, likeness } from "./wording.js";

const TASKS = [["invert", "Find it"], ["inpaint", "Fill what I brush"], ["denoise", "Remove noise"], ["super-resolve", "Enlarge it"]];
const STARTS = { inpaint: "Fill", denoise: "Clean", "super-resolve": "Enlarge" };
const FACTORS = [2, 4, 8];
const TYPES = ["image/png", "image/jpeg", "image/webp"];

/** Make the view. */
export function createPicture() {
  const brush = new Brush(guide);
  const found = h("canvas", { className: "crisp", role: "img", "aria-label": "What was found", width: 1, height: 1 });
  const said = h("figcaption");
  const yours = h("span");
  const files = h("p", { className: "files" }, "Save as ", ["png", "jpeg", "webp"].map((format) => button(FORMAT_NAMES[format], () => keep(format), { className: "plain" })));
  const file = h("input", { type: "file", accept: TYPES.join(","), className: "unseen", tabIndex: -1, "aria-hidden": "true", on: { change: () => file.files[0] && takeFile(file.files[0]) } });
  const drop = h("div", { className: "dropzone" }, h("p", {}, "Drop or paste a picture"), button("Choose a file", () => file.click()), file);
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Search" });
  const cancel = button("Cancel", () => search?.cancel().catch(fail));
  const progress = h("div", { className: "progress", hidden: true }, bar, cancel);
  const note = h("p", { className: "note", role: "status" });
  const task = choice({ label: "Task", options: TASKS, value: "invert", onChange: (value) => change({ task: value }) });
  const effort = slider({ label: "Effort", min: 100, max: 1000, step: 50, value: 300, show: (value) => `${value} steps`, onChange: (value) => change({ steps: value }) });
  const factor = choice({ label: "How much smaller it is", options: [], value: "4", onChange: (value) => change({ factor: Number(value) }) });
  const width = slider({ label: "Brush", min: 1, max: 16, step: 1, value: 5, show: (value) => `${value} px`, onInput: (value) => (brush.radius = value) });
  const wipe = button("Wipe the brush", () => brush.clear());
  const start = button("Search", begin, { className: "main", disabled: true });
  const label = choice({ label: "Class", options: [], value: "", onChange: (value) => change({ zclass: value }, { step: true }) });
  const sliders = createSliders((edits, step) => change({ edits }, { step }));
  const shelf = createShelf("Or take one", takeSeed);
  const stage = h("div", { className: "stage pair" },
    h("figure", {}, drop, brush.node, h("figcaption", {}, yours, " ", button("Another picture", () => file.click(), { className: "plain" }))),
    h("figure", {}, found, said), h("div", { className: "below" }, progress, note));
  const node = h("div", { className: "bench", on: { dragover: welcome, drop: takeDrop } }, stage,
    h("section", { className: "steer", "aria-label": "The search" }, h("h2", {}, "From a picture"),
      task, factor, effort, width, h("p", { className: "actions" }, start, wipe), label, sliders.node, files),
    shelf.node);
  const follower = new Follower(found, foundCall, { onError: fail });
  let source = null; // the bitmap and the file of the picture
  let search = null;
  let shown = "";

  takeSeeds(stage, takeSeed);
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (pasted && now().view === "picture") takeFile(pasted);
  });

  function fail(error) {
    note.textContent = error.message;
  }

  function welcome(event) {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  }

  function takeDrop(event) {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    takeFile(event.dataTransfer.files[0]);
  }

  async function takeFile(blob) {
    if (!TYPES.includes(blob.type)) return fail(new Error("A picture is a PNG, JPEG or WebP file."));
    try {
      source = { bitmap: await decode(blob), blob };
    } catch {
      return fail(new Error("This file cannot be read as a picture."));
    }
    change({ z: [], zclass: "", edits: {} }, { step: true });
    layOut();
    note.textContent = "";
    if (now().task === "inpaint") guide();
    else begin();
  }

  async function takeSeed(seed) {
    const model = modelNamed(now().model);
    const { blob } = await load(stillAddress(model, seed, looksOf(model, now())));
    takeFile(new File([blob], `seed-${seed}.png`, { type: "image/png" }));
  }

  /** Save what was found, as the service writes it in this format. */
  async function keep(format) {
    const model = modelNamed(now().model);
    const [path, { body }] = foundCall(wishOf(model, now()));
    try {
      save(await (await ask(path, post({ ...JSON.parse(body), format }))).blob(), `${model.name}-found.${format}`);
    } catch (error) {
      fail(error);
    }
  }

  /** Show the picture as it will be sent: at the model's size, or as many times smaller as it shall be enlarged. */
  function layOut() {
    const state = now();
    const size = sizeOf(modelNamed(state.model));
    const [height, width] = state.task === "super-resolve" ? size.map((side) => Math.max(1, Math.round(side / state.factor))) : size;
    if (source) brush.take(source.bitmap, height, width);
    const own = source ? [source.bitmap.width, source.bitmap.height] : [width, height];
    yours.textContent = `Your picture, ${own.join(" × ")}${own[0] === width && own[1] === height ? "" : `, used at ${width} × ${height}`}.`;
    showReady();
    for (const part of [brush.node, stage.querySelector("figcaption")]) part.hidden = !source;
    drop.hidden = Boolean(source);
  }

  function showReady() {
    const isBrush = now().task === "inpaint";
    start.disabled = !source || Boolean(search) || (isBrush && !brush.hasHoles);
  }

  /** Say what is to be done before a hole can be filled. */
  function guide() {
    showReady();
    if (source && now().task === "inpaint" && !search) note.textContent = brush.hasHoles ? "" : "Brush over what shall be filled.";
  }

  async function begin() {
    if (search) await search.cancel().catch(() => {});
    const state = now();
    const model = modelNamed(state.model);
    const mine = new Search(showJob);
    search = mine;
    progress.hidden = false;
    bar.value = 0;
    showReady();
    try {
      // What is brushed or made small here is sent as it is seen; any other picture as it came.
      const blob = ["inpaint", "super-resolve"].includes(state.task) ? await brush.toBlob() : source.blob;
      const job = await mine.run(blob, { ...searchOf(model, state), digest: model.digest });
      if (search === mine) await end(job, model);
    } catch (error) {
      if (search === mine) fail(explained(error, source));
    } finally {
      if (search === mine) {
        search = null;
        progress.hidden = true;
        showReady();
      }
    }
  }

  function showJob(job) {
    if (search?.id !== job.id) return;
    bar.value = job.progress;
    const near = job.psnr_db === null ? "" : `, ${job.psnr_db.toFixed(1)} dB so far`;
    note.textContent = job.state === "queued" ? "Waiting for its turn." : `Searching: ${Math.round(100 * job.progress)} %${near}`;
  }

  async function end(job, model) {
    if (job.state === "done") {
      const { latents: [z], label: index } = job.result;
      note.textContent = likeness(job.psnr_db);
      if (job.task === "inpaint") await showFilled(job);
      // Nine digits tell a float32 from every other.
      change({ z: z.map((value) => Number(value.toPrecision(9))), zclass: index === null ? "" : (model.class_names[index] ?? String(index)), edits: {} }, { step: true });
    } else note.textContent = job.state === "cancelled" ? "Cancelled." : `It failed: ${job.detail}`;
  }

  /** Show the picture as it was sent, only its holes filled. */
  async function showFilled(job) {
    const path = `jobs/${job.id}/result.png?view=composite`;
    const filled = await fetchPicture(path);
    source = { bitmap: filled.bitmap, blob: filled.blob };
    brush.clear();
    layOut();
    brush.picture.dataset.shows = path;
    note.textContent = "Filled: left your picture, its hole filled; right the whole image that the model sees.";
  }

  layOut();
  return {
    node,
    leave: sliders.leave,
    update(state, before) {
      shelf.update(state);
      const model = modelNamed(state.model);
      if (before && ["model", "task", "factor"].some((part) => before[part] !== state[part])) {
        layOut();
        guide();
      }
      task.set(state.task);
      effort.set(state.steps);
      for (const part of [width, wipe]) part.hidden = state.task !== "inpaint";
      factor.hidden = state.task !== "super-resolve";
      factor.set(String(state.factor), FACTORS.filter((times) => sizeOf(model).every((side) => side % times === 0)).map((times) => [String(times), `${times} times`]));
      brush.allow(state.task === "inpaint");
      const isFound = state.z.length === model.spec.z_dim;
      const most = roomIn(stage, { across: 2, below: 10 });
      for (const canvas of [brush.picture, brush.holes, found]) enlarge(canvas, ...sizeOf(model), most);
      drop.style.width = drop.style.height = `${most}px`;
      start.textContent = STARTS[state.task] ?? "Search";
      label.hidden = !isFound || !model.class_names.length;
      label.set(state.zclass, model.class_names.map((name) => [name, name]));
      for (const part of [sliders.node, found, files]) part.hidden = !isFound;
      said.textContent = isFound ? "What the model has for it." : "";
      if (isFound) sliders.update(model, state.edits);
      showReady();
      const wish = wishOf(model, state);
      const key = JSON.stringify({ ...wish, model: model.digest });
      if (!isFound || key === shown) return;
      shown = key;
      follower.show(wish);
    },
    call(state) {
      const model = modelNamed(state.model);
      const search = { name: "search", title: "The search", path: address("invert", searchOf(model, state)), upload: "picture.png" };
      if (state.z.length !== model.spec.z_dim) return search;
      const [path, { body }] = foundCall(wishOf(model, state));
      return [{ name: "image", title: "What was found", path, body: JSON.parse(body), file: "found.png" }, search];
    },
  };
}

/** Write how a state has a picture searched for. */
function searchOf(model, state) {
  return {
    model: model.name,
    task: state.task === "invert" ? "" : state.task,
    factor: state.task === "super-resolve" ? state.factor : "",
    steps: state.steps,
  };
}

/** Return the image that a state has found, as `foundCall` takes it. */
function wishOf(model, state) {
  return { model, z: state.z, label: state.zclass, edits: state.edits };
}

// A strip of what the service is doing: queue, batch size, images a second. From GET /metrics.

import { recovered } from "./connection.js";
import { h } from "./element.js";

const PERIOD_MS = 2000;
const KEPT = 48;

/** Read the series now and again while the page is seen, and show them in `place`. */
export function startLive(place) {
  const queue = h("b", {}, "–");
  const batch = h("b", {}, "–");
  const rate = h("b", {}, "–");
  const total = h("b", {}, "–");
  const threads = h("canvas", { width: 2 * KEPT, height: 16, "aria-hidden": "true" });
  const measure = (value, name) => h("span", { className: "measure" }, value, ` ${name}`);
  place.append(threads, measure(rate, "images/s"), measure(queue, "waiting"), measure(batch, "in a batch"), measure(total, "made"));
  const rates = [];
  weave(threads, rates);
  let before = null;
  const read = async () => {
    if (document.hidden) return;
    const after = await readSeries().catch(() => {
      recovered(); // says that the service is away, and when it is back
      return null;
    });
    place.classList.toggle("away", !after);
    if (after && before && after.time > before.time) {
      const seconds = (after.time - before.time) / 1000;
      const batches = after.batches - before.batches;
      // A restarted service counts from zero again.
      const made = Math.max(0, after.images - before.images);
      rates.push(made / seconds);
      if (rates.length > KEPT) rates.shift();
      rate.textContent = Math.round(made / seconds).toLocaleString("en");
      if (batches > 0) batch.textContent = ((after.batched - before.batched) / batches).toFixed(1);
      weave(threads, rates);
    }
    if (after) {
      queue.textContent = after.queue.toLocaleString("en");
      total.textContent = after.images.toLocaleString("en");
    }
    before = after;
  };
  read();
  setInterval(read, PERIOD_MS);
}

async function readSeries() {
  const answer = await fetch("metrics", { cache: "no-store" });
  if (!answer.ok) return null;
  const lines = (await answer.text()).split("\n");
  const sum = (name) =>
    lines.filter((line) => line.startsWith(`${name}{`)).reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
  return {
    time: performance.now(),
    images: sum("ganloom_images_total"),
    queue: sum("ganloom_queue_images"),
    batched: sum("ganloom_batch_images_sum"),
    batches: sum("ganloom_batch_images_count"),
  };
}

/** Draw one thread a reading, as long as its rate; the newest stands at the right, and a short one where none was read yet. */
function weave(canvas, rates) {
  const context = canvas.getContext("2d");
  const most = Math.max(8, ...rates);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  for (let back = 1; back <= KEPT; back++) {
    const height = Math.max(1, Math.round((16 * (rates.at(-back) ?? 0)) / most));
    context.fillRect(2 * (KEPT - back), 16 - height, 1, height);
  }
}

// A search for the latent of an image: POST /invert, its events, its end.

import { address, ask, askJson, post, Problem } from "./api.js";
import { recovered } from "./connection.js";
import { bytes } from "./wording.js";

/** One search. `onJob(job)` is told how it gets on; the promise of `run` is its end. */
export class Search {
  constructor(onJob) {
    this.onJob = onJob;
    this.id = "";
    this.isCancelled = false;
  }

  /** Send an image and wait for the end of the job. Throws Problem. */
  async run(blob, query, signal) {
    const options = { method: "POST", headers: { "Content-Type": blob.type }, body: blob, signal };
    const job = await askJson(address("invert", query), options);
    this.id = job.id;
    this.onJob(job);
    if (this.isCancelled) await this.cancel();
    return this.watch();
  }

  /** Cancel it, now or as soon as it has a name; whoever waits for its end is told so by the service. */
  async cancel() {
    this.isCancelled = true;
    if (this.id) await ask(`jobs/${this.id}`, { method: "DELETE" });
  }

  watch() {
    return new Promise((resolve, reject) => {
      const events = new EventSource(`jobs/${this.id}/events`);
      const take = (event) => {
        const job = JSON.parse(event.data);
        this.onJob(job);
        return job;
      };
      events.addEventListener("progress", take);
      events.addEventListener("end", (event) => {
        events.close();
        resolve(take(event));
      });
      events.addEventListener("error", () => {
        events.close();
        this.resume().then(resolve, reject);
      });
    });
  }

  /** Find out what became of a job whose events broke off; a restarted service has forgotten it. */
  async resume() {
    await recovered();
    try {
      const job = await askJson(`jobs/${this.id}`, { cache: "no-store" });
      this.onJob(job);
      return ["done", "failed", "cancelled"].includes(job.state) ? job : this.watch();
    } catch (error) {
      if (error instanceof Problem && error.status === 404) throw new Error("The service was restarted and has forgotten the search. Begin again.");
      throw error;
    }
  }
}

/** Return address and options of the image of a found latent. */
export function foundCall({ model, z, label, edits }) {
  const body = { model: model.name, latents: [z], ...(label ? { label } : {}), ...(Object.keys(edits).length ? { edits } : {}) };
  return ["generate", post(body)];
}

/** Return a refusal in the words of whoever chose the picture: how large it is, how large it may be, what to do. */
export function explained(error, { bitmap: { width, height }, blob }) {
  const [, most, unit] = (error instanceof Problem && /([\d,]+) (pixels|bytes)/.exec(error.message)) || [];
  if (!most) return error;
  const limit = Number(most.replaceAll(",", ""));
  // It speaks of something else.
  if (limit >= (unit === "bytes" ? blob.size : width * height)) return error;
  if (unit === "bytes") return new Error(`Your picture is a file of ${bytes(blob.size)}; the service takes at most ${bytes(limit)}. Save it smaller, or as a JPEG, and choose it again.`);
  const scale = Math.sqrt(limit / (width * height));
  const [smaller, lower] = [width, height].map((side) => Math.max(1, Math.floor(side * scale)));
  return new Error(`Your picture is ${width} × ${height}, more than the ${limit.toLocaleString("en")} pixels that the service takes. Make it at most ${smaller} × ${lower} and choose it again.`);
}

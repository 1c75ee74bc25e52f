// Images from the service, each asked for once: decoded bitmaps by address, a few requests at a time.

import { ask } from "./api.js";

// A browser opens six connections to one host; one is left for what a person is waiting for.
const AT_ONCE = 5;
const MOST_PIXELS = 2 ** 25; // 128 MiB of bitmaps

const kept = new Map(); // by address, oldest first: a promise of the picture, and its pixels once it is there
let keptPixels = 0;
const waiting = [];
let running = 0;

/** An image as it came: its bitmap, its bytes and what the headers told. */
export class Picture {
  constructor(bitmap, blob, headers) {
    this.bitmap = bitmap;
    this.blob = blob;
    this.headers = headers;
  }
}

/** Return the seed that a still is of: with `best_of` the one that won. Null where the answer does not tell. */
export function seedOf({ headers }) {
  const told = headers.get("X-Ganloom-Seeds") ?? "";
  return /^\d+$/.test(told) ? Number(told) : null;
}

/**
 * Load an address in its turn. The same address is asked for once, however many want it.
 * Rejects with the signal's reason if it aborts before the request has begun.
 */
export async function load(path, { signal, isUrgent = false } = {}) {
  for (;;) {
    try {
      return await (kept.get(path)?.promise ?? queue(path, signal, isUrgent));
    } catch (error) {
      // Someone else gave up what both waited for.
      if (error.name !== "AbortError" || signal?.aborted) throw error;
    }
  }
}

function queue(path, signal, isUrgent) {
  const promise = new Promise((resolve, reject) => {
    const job = { start: () => fetchPicture(path).then(resolve, reject), signal, reject };
    if (isUrgent) waiting.unshift(job);
    else waiting.push(job);
  });
  const entry = { promise, pixels: 0 };
  kept.set(path, entry);
  promise.then(({ bitmap }) => keep(entry, bitmap), () => kept.delete(path));
  startMore();
  return promise;
}

/** Count a picture that has come, and forget the oldest until those that are kept fit. */
function keep(entry, { width, height }) {
  entry.pixels = width * height;
  keptPixels += entry.pixels;
  for (const [path, oldest] of kept) {
    if (keptPixels <= MOST_PIXELS) return;
    if (!oldest.pixels) continue; // still on its way
    kept.delete(path);
    keptPixels -= oldest.pixels;
  }
}

/** Ask at once, ahead of whatever waits; nothing is kept. For what follows a hand. */
export async function fetchPicture(path, options = {}) {
  const answer = await ask(path, options);
  const blob = await answer.blob();
  return new Picture(await decode(blob), blob, answer.headers);
}

/** Decode without colour management, so that the pixels are those of the file. */
export function decode(blob) {
  return createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

/** Paint a bitmap at its own size; CSS makes it larger, pixel by pixel. */
export function paint(canvas, bitmap) {
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
}

/** Empty a canvas: the style sheet shows where its image will be. */
export function blank(canvas) {
  canvas.width = canvas.height = 1;
  canvas.classList.add("blank");
  delete canvas.dataset.shows;
}

function startMore() {
  while (running < AT_ONCE && waiting.length) {
    const job = waiting.shift();
    if (job.signal?.aborted) {
      job.reject(job.signal.reason);
      continue;
    }
    running++;
    job.start().finally(() => {
      running--;
      startMore();
    });
  }
}

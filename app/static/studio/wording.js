// What the studio says in more than one place.

export const BUSY = "Many images are being made: the queue is full.";
export const STARTING = "The service is starting.";
export const LOST = "The service does not answer. Trying again until it does.";
export const OFFLINE = "This device is offline. Going on as soon as it is back.";

/** What a format is called, by its extension or its name in a request. */
export const FORMAT_NAMES = {
  png: "PNG", jpg: "JPEG", jpeg: "JPEG", webp: "WebP", gif: "GIF", apng: "APNG", mp4: "MP4", webm: "WebM",
};

/** Shorten what a person typed, to repeat it. */
export function shortened(text) {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

// How alike two images are, by the least dB of each: a rule of thumb, not a measurement.
const LIKENESS = [[30, "Very like"], [22, "Roughly like"], [-Infinity, "Not much like"]];

/** Say how near what was found is to the picture; null dB is no error at all. */
export function likeness(psnr_db) {
  if (psnr_db === null) return "Equal to your picture in all that is known of it.";
  const db = psnr_db.toFixed(1);
  return `${LIKENESS.find(([least]) => Number(db) >= least)[1]} your picture: ${db} dB from what is known of it.`;
}

/** Write a number of bytes for people. */
export function bytes(count) {
  return count < 10_000 ? `${count.toLocaleString("en")} bytes` : `${Math.round(count / 1024).toLocaleString("en")} KiB`;
}

/** Write milliseconds, with a decimal where it says something. */
export function milliseconds(count) {
  return `${Number(count).toFixed(count < 9.95 ? 1 : 0)} ms`;
}

/** Write a signed strength. */
export function signed(value) {
  return value === 0 ? "0" : `${value > 0 ? "+" : "\u2212"}${Math.abs(value).toFixed(2).replace(/\.?0+$/, "")}`;
}

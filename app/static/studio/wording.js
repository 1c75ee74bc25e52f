// What the studio says in more than one place.

export const BUSY = "Many images are being made: the queue is full.";
export const STARTING = "The service is starting.";
export const LOST = "The service does not answer. Trying again until it does.";
export const OFFLINE = "This device is offline. Going on as soon as it is back.";

/** What a format is called, by its extension or its name in a request. */
export const FORMAT_NAMES = {
  png: "PNG", jpg: "JPEG", jpeg: "JPEG", webp: "WebP", gif: "GIF", apng: "APNG", mp4: "MP4", webm: "WebM",
};

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

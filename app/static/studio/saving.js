// Saving what has no address of its own: the answer to a POST.

import { h } from "./element.js";

/** Save bytes as a file of this name. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

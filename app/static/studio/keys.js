// What the keyboard does, and a list of it.

import { h } from "./element.js";
import { recall, remember } from "./remembering.js";
import { change, now } from "./state.js";

const NAME = "single-keys";
const OFF = "off";

const LIST = [
  ["1 to 6", "go to a view"],
  ["Tab, Enter", "reach and press whatever is on the page"],
  ["Arrows, Home, End", "move among images, move a slider"],
  ["Escape", "close the inspector"],
  ["← →", "in the inspector: the seed before and after"],
  ["Enter", "on an image below a stage: put it there"],
  ["Alt and ← →", "on a key frame: move it; Delete removes it"],
  ["Arrows, Space", "on your picture: move the brush, paint"],
  ["?", "this list"],
];

/** Listen for the keys of the whole page; `button` opens the list of all. */
export function startKeys(button, views) {
  const close = h("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
  // Whoever speaks or slips must be able to do without keys that act alone (WCAG 2.1, 2.1.4).
  const isOn = h("input", { type: "checkbox", checked: recall(NAME) !== OFF, on: { change: () => remember(NAME, isOn.checked ? "on" : OFF) } });
  const dialog = h("dialog", { "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h("dl", { className: "facts" }, LIST.map(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)])),
    h("p", { className: "actions" }, close, h("label", { className: "field" }, isOn, "1 to 6 and ? act alone")));
  document.body.append(dialog);
  button.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    // Wherever the focus is: whoever clicked an image has it on the wall.
    if (event.key === "Escape" && !dialog.open && now().seed !== null) change({ seed: null }, { step: true });
    if (event.ctrlKey || event.altKey || event.metaKey || dialog.open || !isOn.checked || event.target.closest("input[type=text], select")) return;
    const view = views[Number(event.key) - 1];
    if (event.key === "?") dialog.showModal();
    else if (view) change({ view, seed: null }, { step: true });
    else return;
    event.preventDefault();
  });
}

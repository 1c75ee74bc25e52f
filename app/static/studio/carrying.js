// Carrying a seed from one place to another by drag and drop.

const TYPE = "application/x-ganloom-seed";

/** Let an element be dragged as the seed that `seedOf` gives. */
export function carrySeed(element, seedOf) {
  element.draggable = true;
  element.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(TYPE, String(seedOf()));
    event.dataTransfer.setData("text/plain", String(seedOf()));
    event.dataTransfer.effectAllowed = "copyMove";
    const canvas = element.querySelector("canvas");
    if (canvas) event.dataTransfer.setDragImage(canvas, 16, 16);
  });
}

/** Let an element take seeds: `onSeed(seed, event)` is called for each one dropped. */
export function takeSeeds(element, onSeed) {
  element.addEventListener("dragover", (event) => {
    if (![TYPE, "text/plain"].some((type) => event.dataTransfer.types.includes(type))) return;
    event.preventDefault();
    element.classList.add("welcoming");
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("welcoming");
  });
  element.addEventListener("drop", (event) => {
    element.classList.remove("welcoming");
    const text = event.dataTransfer.getData(TYPE) || event.dataTransfer.getData("text/plain");
    if (!/^\d{1,16}$/.test(text)) return;
    event.preventDefault();
    onSeed(Number(text), event);
  });
}

// Builds elements without a template language: text is always text, never markup.

/** Make an element. `on` holds listeners, `data` data attributes; other props are set as they are. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listen] of Object.entries(value)) node.addEventListener(event, listen);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A labelled range input whose value is told beside it. `show` writes the value for people, `name` is read out in place of a short label. */
export function slider({ label, name, min, max, step, value, show = String, onInput, onChange }) {
  const output = h("output", {}, show(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-label": name });
  input.setAttribute("aria-valuetext", show(value));
  const tell = (now) => {
    output.textContent = show(now);
    input.setAttribute("aria-valuetext", show(now));
  };
  input.addEventListener("input", () => {
    tell(Number(input.value));
    onInput?.(Number(input.value));
  });
  input.addEventListener("change", () => onChange?.(Number(input.value)));
  const node = h("label", { className: "field slider" }, h("span", {}, label), input, output);
  node.set = (now) => {
    if (Number(input.value) !== now) input.value = now;
    tell(now);
  };
  node.input = input;
  return node;
}

/** A labelled select. `options` are [value, text] pairs. */
export function choice({ label, options, value, onChange }) {
  const select = h("select", { on: { change: () => onChange(select.value) } });
  const node = h("label", { className: "field" }, h("span", {}, label), select);
  node.set = (now, pairs) => {
    if (pairs) select.replaceChildren(...pairs.map(([key, text]) => new Option(text, key)));
    select.value = now;
  };
  node.set(value, options);
  return node;
}

/** A button with a text. */
export function button(text, onClick, props = {}) {
  return h("button", { type: "button", on: { click: onClick }, ...props }, text);
}

// Dark or light: the system's choice until a person chooses.

import { recall, remember } from "./remembering.js";

const NAME = "theme";
const NEXT = { auto: "dark", dark: "light", light: "auto" };
const TEXT = { auto: "Auto", dark: "Dark", light: "Light" };

/** Let `button` go through the themes. */
export function startTheme(button) {
  let theme = NEXT[recall(NAME)] ? recall(NAME) : "auto";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = TEXT[theme];
    button.setAttribute("aria-label", `Theme: ${TEXT[theme]}`);
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    remember(NAME, theme);
    show();
  });
  show();
}

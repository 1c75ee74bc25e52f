// Dark or light: the system's choice until a person chooses.

const KEY = "ganloom-theme";
const NEXT = { auto: "dark", dark: "light", light: "auto" };
const TEXT = { auto: "Auto", dark: "Dark", light: "Light" };

/** Let `button` go through the themes. */
export function startTheme(button) {
  let theme = NEXT[recall()] ? recall() : "auto";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = TEXT[theme];
    button.setAttribute("aria-label", `Theme: ${TEXT[theme]}`);
  };
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    remember(theme);
    show();
  });
  show();
}

function recall() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // then the choice lasts as long as the page
  }
}

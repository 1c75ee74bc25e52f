// What a person has chosen once and for all, kept by the browser.

const PREFIX = "ganloom-";

/** Return what was chosen, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage may be forbidden
  }
}

/** Keep a choice; where storage is forbidden it lasts as long as the page. */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // nothing is lost but the next visit
  }
}

// One tab stop for many buttons: the arrow keys move among them.

/** Let the arrow keys, Home and End move the focus among the buttons of a grid. */
export function moveAmong(grid, event) {
  const all = [...grid.children];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const top = all[0].offsetTop;
  const below = all.findIndex((one) => one.offsetTop > top);
  const columns = below > 0 ? below : all.length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: all.length - 1 - at };
  const next = all[at + steps[event.key]];
  if (!next) return;
  event.preventDefault();
  for (const one of grid.querySelectorAll('[tabindex="0"]')) one.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

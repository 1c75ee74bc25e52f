// A row that scrolls sideways fades where there is more of it.

/** Let the edges of `row` fade, as long as something lies beyond them. */
export function fadeEdges(row) {
  const tell = () => {
    const after = row.scrollWidth - row.clientWidth - row.scrollLeft;
    row.classList.toggle("more-before", row.scrollLeft > 1);
    row.classList.toggle("more-after", after > 1);
  };
  const sizes = new ResizeObserver(tell);
  const watchAll = () => [row, ...row.children].forEach((node) => sizes.observe(node));
  row.addEventListener("scroll", tell, { passive: true });
  new MutationObserver(watchAll).observe(row, { childList: true });
  watchAll();
}

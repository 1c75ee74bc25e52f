// Sizes on the screen that are whole multiples of an image's own, so that its pixels stay square and even.

const MULTIPLES = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 10];
const LEAST = 32;
const MOST = 320;
const PREFERRED = 128;
const LEAST_ROOM = 96;
// As in the style sheets: 60rem.
const STACKED_BELOW = 960;

/** List the sizes of a tile for images of this height and width, smallest first. */
export function tileSizes(height, width) {
  const side = Math.max(height, width);
  const sizes = MULTIPLES.map((multiple) => multiple * side).filter((size) => size >= LEAST && size <= MOST);
  return sizes.length ? sizes : [side];
}

/** Choose the tile size nearest to the one wanted; 0 wants the usual one. */
export function tileSize(wanted, height, width) {
  const apart = (size) => Math.abs(size - (wanted || PREFERRED));
  return tileSizes(height, width).reduce((best, size) => (apart(size) < apart(best) ? size : best));
}

/** Show a canvas as large as its box allows: a pixel of the image is whole pixels of the screen. */
export function enlarge(canvas, height, width, most) {
  const side = Math.max(height, width);
  const multiple = Math.floor((most * devicePixelRatio) / side) / devicePixelRatio;
  const scale = multiple > 0 ? multiple : most / side;
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
}

/** Return the side of a box of a stage, in pixels: `across` of them beside each other, `below` rem of its height for other things. */
export function roomIn(stage, { across = 1, below = 6, most = 832 } = {}) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const isStacked = innerWidth < STACKED_BELOW;
  // Where a view is one column its stage grows with what is in it: the window says how much is sensible.
  const tall = isStacked ? innerHeight / 2 : (stage.clientHeight || innerHeight - 14 * rem) - below * rem;
  const wide = (stage.clientWidth || innerWidth) - 2 * rem - (across - 1) * 1.5 * rem;
  return Math.max(LEAST_ROOM, Math.min(wide / across, tall, most));
}

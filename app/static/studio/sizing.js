// Sizes on the screen that are whole multiples of an image's own, so that its pixels stay square and even.

const MULTIPLES = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 10];
const LEAST = 32;
const MOST = 320;
const PREFERRED = 128;

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

/** Show a canvas as large as its box allows, in whole multiples. */
export function enlarge(canvas, height, width, most) {
  const multiple = Math.max(1, Math.floor(most / Math.max(height, width)));
  const fits = Math.max(height, width) > most ? most / Math.max(height, width) : multiple;
  canvas.style.width = `${width * fits}px`;
  canvas.style.height = `${height * fits}px`;
}

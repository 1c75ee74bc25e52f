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

/** Show a canvas as large as its box allows: a pixel of the image is whole pixels of the screen. */
export function enlarge(canvas, height, width, most) {
  const side = Math.max(height, width);
  const multiple = Math.floor((most * devicePixelRatio) / side) / devicePixelRatio;
  const scale = multiple > 0 ? multiple : most / side;
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
}

/** Return how large each of two canvases beside each other may be. */
export function halfOf(stage) {
  const half = Math.floor((stage.clientWidth || innerWidth) / 2);
  const height = innerWidth < 960 ? innerHeight - 340 : innerHeight - 400;
  return Math.max(96, Math.min(half > 300 ? half - 40 : half - 22, height, 512));
}

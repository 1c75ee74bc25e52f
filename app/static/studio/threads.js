// A latent drawn as warp threads: one a number, as long as it is far from zero.

const HEIGHT = 64; // as in the style sheet

/** Draw `z`, up for positive and down for negative numbers; those beyond 2 stand out, in the outline's colour. */
export function drawThreads(canvas, z) {
  const style = getComputedStyle(canvas);
  // In pixels of the screen, so that every thread is as thick as the next.
  canvas.width = Math.round((canvas.clientWidth || 320) * devicePixelRatio);
  canvas.height = Math.round(HEIGHT * devicePixelRatio);
  const [pitch, middle] = [canvas.width / z.length, Math.round(canvas.height / 2)];
  const scale = (middle - 1) / Math.max(3, ...z.map(Math.abs));
  const context = canvas.getContext("2d");
  z.forEach((value, index) => {
    const height = Math.max(1, Math.round(Math.abs(value) * scale));
    context.fillStyle = Math.abs(value) > 2 ? style.outlineColor : style.color;
    context.fillRect(Math.floor(index * pitch), value > 0 ? middle - height : middle, Math.max(1, Math.floor(pitch) - 1), height);
  });
}

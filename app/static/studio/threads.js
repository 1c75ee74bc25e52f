// A latent drawn as warp threads: one a number, as long as it is far from zero.

/** Draw `z`, up for positive and down for negative numbers; those beyond 2 stand out, in the outline's colour. */
export function drawThreads(canvas, z) {
  const style = getComputedStyle(canvas);
  const pitch = Math.max(2, Math.floor(320 / z.length));
  const scale = Math.max(3, ...z.map(Math.abs));
  canvas.width = pitch * z.length;
  canvas.height = 64;
  const context = canvas.getContext("2d");
  z.forEach((value, index) => {
    const height = Math.max(1, Math.round((31 * Math.abs(value)) / scale));
    context.fillStyle = Math.abs(value) > 2 ? style.outlineColor : style.color;
    context.fillRect(pitch * index, value > 0 ? 32 - height : 32, Math.max(1, pitch - 1), height);
  });
}

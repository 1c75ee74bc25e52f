// A film of still frames: played by the screen's own clock, so that no frame is drawn late or twice.

import { ask } from "./api.js";
import { decode, paint } from "./pictures.js";

// Browsers decode images up to so many pixels a side; a strip holds every frame beside the last.
const WIDEST_STRIP = 32_767;
export const FRAMES_A_SECOND = 30;

/** Return how many frames a film of so many seconds has, for images of this width. */
export function frameCount(seconds, width, most) {
  return Math.max(2, Math.min(seconds * FRAMES_A_SECOND, most, Math.floor(WIDEST_STRIP / width)));
}

/** Fetch a strip and cut it into `count` frames. */
export async function loadFrames(path, count, signal) {
  const answer = await ask(path, { signal });
  const strip = await decode(await answer.blob());
  const width = strip.width / count;
  const frames = Array.from({ length: count }, (_, index) => createImageBitmap(strip, index * width, 0, width, strip.height));
  return Promise.all(frames);
}

/** A player of frames on one canvas. `onTime(index)` is told which frame is seen. */
export class Player {
  constructor(canvas, onTime) {
    this.canvas = canvas;
    this.onTime = onTime;
    this.frames = [];
    this.seconds = 1;
    this.index = 0;
    this.isPlaying = false;
    this.drawn = { frames: 0, dropped: 0, since: 0 };
  }

  /** Take a new film and show it where the old one stood. */
  take(frames, seconds) {
    const at = this.frames.length > 1 ? this.index / (this.frames.length - 1) : 0;
    this.frames = frames;
    this.seconds = seconds;
    this.seek(Math.round(at * (frames.length - 1)));
    this.begin();
  }

  /** Forget the film. */
  clear() {
    this.frames = [];
    this.index = 0;
  }

  /** Show one frame. */
  seek(index) {
    if (!this.frames.length) return;
    this.index = Math.min(Math.max(0, index), this.frames.length - 1);
    paint(this.canvas, this.frames[this.index]);
    this.onTime(this.index);
  }

  /** Play from here, over and over. */
  play() {
    if (this.isPlaying || this.frames.length < 2) return;
    this.isPlaying = true;
    this.begin();
    requestAnimationFrame((time) => this.draw(time));
  }

  pause() {
    this.isPlaying = false;
  }

  begin() {
    const every = (1000 * this.seconds) / this.frames.length;
    this.drawn = { frames: 0, dropped: 0, since: performance.now() };
    this.start = performance.now() - this.index * every;
  }

  draw(time) {
    if (!this.isPlaying) return;
    const every = (1000 * this.seconds) / this.frames.length;
    const index = Math.max(0, Math.floor((time - this.start) / every)) % this.frames.length;
    if (index !== this.index) {
      const steps = (index - this.index + this.frames.length) % this.frames.length;
      this.drawn.dropped += steps - 1;
      this.drawn.frames++;
      this.seek(index);
    }
    requestAnimationFrame((next) => this.draw(next));
  }
}

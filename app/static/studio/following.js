// An image that follows a hand: one request at a time, always the latest wish, none in between.

import { fetchPicture, paint } from "./pictures.js";

/** Let `canvas` show what is asked of it last. `ask(wish)` gives address and options; `onShown(wish, picture)`. */
export class Follower {
  constructor(canvas, ask, { onShown = () => {}, onError = () => {} } = {}) {
    Object.assign(this, { canvas, ask, onShown, onError });
    this.wish = null;
    this.isAsking = false;
  }

  /** Wish for another image; what was wished before and not yet asked for is forgotten. */
  show(wish) {
    this.wish = wish;
    if (!this.isAsking) this.work();
  }

  async work() {
    this.isAsking = true;
    while (this.wish !== null) {
      const wish = this.wish;
      this.wish = null;
      try {
        const [path, options] = this.ask(wish);
        const picture = await fetchPicture(path, options);
        paint(this.canvas, picture.bitmap);
        this.canvas.dataset.shows = options?.body ? `${path} ${options.body}` : path;
        this.onShown(wish, picture);
      } catch (error) {
        this.onError(error);
      }
    }
    this.isAsking = false;
  }
}

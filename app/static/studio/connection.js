// What a person should know about the service: busy, slow, gone, back. One poller, whoever waits.

import * as text from "./wording.js";

const SLOW_MS = 3000;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 4000;

let tell = () => {};
let recovery = null;
let slow = 0;
let busyUntil = 0;

/** Name the one that shows it: `show(kind, text)`, kind being fine, busy, slow or lost. */
export function tellTo(show) {
  tell = show;
}

/** Resolve once the service answers again; everyone who lost it waits for the same poll. */
export function recovered() {
  recovery ??= poll().finally(() => (recovery = null));
  return recovery;
}

async function poll() {
  tell("lost", navigator.onLine ? text.LOST : text.OFFLINE);
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    await pause(wait);
    if (await isAlive()) break;
  }
  tell("back", "The service is back.");
}

async function isAlive() {
  try {
    return (await fetch("readyz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** Wait as long as the service asked for, a little apart from others, and say so. */
export async function calmly(seconds, why, signal) {
  const wait = 1000 * seconds + 250 * Math.random();
  busyUntil = Math.max(busyUntil, performance.now() + wait);
  tell("busy", `${why} Trying again in ${Math.max(1, Math.round(seconds))} s.`);
  await pause(wait, signal);
  if (performance.now() >= busyUntil - 1) tell("fine", "");
}

/** Watch one request; returns what ends the watch. */
export function watch() {
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    if (++slow === 1) tell("slow", "Answers are slow. Still waiting.");
  }, SLOW_MS);
  return () => {
    clearTimeout(timer);
    if (isSlow && --slow === 0 && !recovery) tell("fine", "");
  };
}

/** Sleep; rejects as soon as `signal` aborts. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

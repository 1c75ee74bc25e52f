// The public HTTP API, and nothing else. Addresses are relative, so a path prefix does not matter.

import { calmly, recovered, watch } from "./connection.js";
import * as text from "./wording.js";

/** An answer that trying again would not change: RFC 9457's problem. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The service answered ${status}.`);
    this.status = status;
    this.fields = body?.errors ?? [];
  }
}

/** Write a relative address; empty parts of the query are left out. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const pairs = given.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
  return pairs.length ? `${path}?${pairs.join("&")}` : path;
}

/** The still of a seed under a state's model, class, truncation and edits, or the best of some candidates for it, at an address that is cached for good. */
export function stillAddress(model, seed, { extension = "png", label = "", psi = 1, edits = "", best = 1 } = {}) {
  return address(`images/${seed}.${extension}`, {
    model: model.is_default ? "" : model.name,
    label,
    truncation: psi === 1 ? "" : psi,
    edits,
    best_of: best === 1 ? "" : best,
    digest: model.digest,
  });
}

/**
 * Ask until there is an answer: a full queue, a restart and a lost connection are waited out.
 * Throws Problem for what is final, and the signal's reason once it aborts.
 */
export async function ask(path, options = {}) {
  for (;;) {
    const unwatch = watch();
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
    } finally {
      unwatch();
    }
    if (!answer) {
      await recovered();
      continue;
    }
    if (answer.ok) return answer;
    if (![429, 503].includes(answer.status)) throw new Problem(answer.status, await answer.json().catch(() => null));
    const seconds = Number(answer.headers.get("Retry-After") ?? 1);
    await calmly(seconds, answer.status === 429 ? text.BUSY : text.STARTING, options.signal);
  }
}

/** Ask for JSON. */
export async function askJson(path, options) {
  return (await ask(path, options)).json();
}

/** Options of a POST of JSON. */
export function post(body, options = {}) {
  return { ...options, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

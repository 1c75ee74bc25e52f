// The exact call behind a view, as curl, Python and JavaScript.

import { button, h } from "./element.js";

const LANGUAGES = { curl, python, javascript };
const TITLES = { curl: "curl", python: "Python", javascript: "JavaScript" };

/** Make the bar that shows a call. `onLanguage` is told which language a person chose, `onCall` which of several calls. */
export function createCallBar(place, onLanguage, onCall) {
  let written = "";
  const code = h("code");
  const block = h("pre", { tabIndex: 0, role: "region", "aria-label": "Code" }, code);
  const copied = h("span", { className: "unseen", role: "status" });
  const copy = button("Copy", async () => {
    copy.textContent = copied.textContent = (await take(written, code)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => ((copy.textContent = "Copy"), (copied.textContent = "")), 1600);
  });
  copy.className = "copy";
  const offer = (calls, shown) => {
    which.hidden = calls.length < 2;
    const names = calls.map(({ name }) => name).join();
    // Made anew only where they are others, or a button would lose the focus as it is pressed.
    if (which.dataset.names !== names) which.replaceChildren(...calls.map(({ name, title }) => button(title, () => onCall(name), { data: { call: name } })));
    which.dataset.names = names;
    for (const one of which.children) one.setAttribute("aria-pressed", String(one.dataset.call === shown?.name));
  };
  const languages = Object.keys(LANGUAGES).map((lang) => button(TITLES[lang], () => onLanguage(lang), { data: { lang } }));
  const which = h("div", { className: "languages", role: "group", "aria-label": "Which call" });
  place.append(h("div", {}, h("div", { className: "languages", role: "group", "aria-label": "Language" }, languages), which), block, copy, copied);
  return {
    /** Show a call, or one of several: those have a `name` to choose by and a `title`. */
    show(given, { lang, call: wanted }) {
      const calls = [given].flat().filter(Boolean);
      const call = calls.find(({ name }) => name && name === wanted) ?? calls[0];
      offer(calls, call);
      const chosen = LANGUAGES[lang] ? lang : "curl";
      for (const one of languages) one.setAttribute("aria-pressed", String(one.dataset.lang === chosen));
      place.hidden = !call;
      written = call ? LANGUAGES[chosen]({ ...call, url: new URL(call.path, document.baseURI).href.replace(/#.*/, "") }) : "";
      code.textContent = written;
    },
  };
}

/** Put a text on the clipboard. Pages that came over plain HTTP have none to write to: then the code is selected for the person. */
async function take(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}

/** A call: `path` with its query, `file` to keep, and `body` (JSON) or `upload` (a file's name) where it is a POST. */
function curl({ url, body, upload, file }) {
  const sent = body ? ` -d ${quoted(JSON.stringify(body))}` : upload ? ` --data-binary @${upload} -H 'Content-Type: image/png'` : "";
  return `curl ${quoted(url)}${sent}${file ? ` -o ${file}` : ""}`;
}

function python({ url, body, upload, file }) {
  const method = body || upload ? "post" : "get";
  const sent = body ? `, json=${pythonOf(body)}` : upload ? `, content=Path("${upload}").read_bytes(), headers={"Content-Type": "image/png"}` : "";
  return [
    ...(file || upload ? ["from pathlib import Path"] : []),
    "import httpx",
    "",
    `answer = httpx.${method}(${JSON.stringify(url)}${sent})`,
    "answer.raise_for_status()",
    file ? `Path("${file}").write_bytes(answer.content)` : "print(answer.json())",
  ].join("\n");
}

function javascript({ url, body, upload, file }) {
  const sent = body ? `, {\n  method: "POST",\n  body: JSON.stringify(${JSON.stringify(body)}),\n}` : upload ? `, { method: "POST", headers: { "Content-Type": file.type }, body: file }` : "";
  return [
    `const answer = await fetch(${JSON.stringify(url)}${sent});`,
    "if (!answer.ok) throw new Error((await answer.json()).detail);",
    file ? "const image = await answer.blob();" : "const told = await answer.json();",
  ].join("\n");
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Write JSON as Python has it. */
function pythonOf(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${pythonOf(one)}`).join(", ")}}`;
  return JSON.stringify(value);
}

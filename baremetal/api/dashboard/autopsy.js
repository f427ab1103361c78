// Why an operation failed: the step, the cause, what was seen, and what to try next.

import { el, replace, setText } from "./dom.js";

/** A place for the autopsy of one operation. */
export function autopsy({ api, announce }) {
  const body = el("div");
  const element = el(
    "section",
    { class: "card autopsy", "aria-labelledby": "autopsy", hidden: true },
    el("h2", { id: "autopsy" }, "What went wrong"),
    body,
  );
  let shown = null;

  return {
    element,
    /** Show that of `operation`; null, or one that has not failed, shows none. */
    async show(operation) {
      element.hidden = operation?.state !== "failed";
      if (element.hidden || shown === operation.uuid) return;
      const found = await api.find(`/v1/operations/${operation.uuid}/autopsy`);
      replace(body, ...parts(found ?? plain(operation), announce));
      shown = operation.uuid;
    },
  };
}

/** What is known where the service makes no autopsies. */
function plain(operation) {
  const failed = operation.steps.find((step) => step.state === "failed");
  return { step: failed?.name ?? operation.step, message: operation.error };
}

function parts({ step, cause, meaning, message, evidence, next }, announce) {
  const seen = Object.entries(evidence ?? {}).filter(([, value]) => !isNothing(value));
  const told = seen.filter(([, value]) => typeof value !== "object");
  const exhibits = seen.filter(([, value]) => typeof value === "object");
  const facts = [["step", step], ["cause", meaning ? `${cause}: ${meaning}` : cause], ...told].filter(([, value]) => !isNothing(value));
  return [
    message ? el("p", { class: "error" }, message) : null,
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, words(name)), el("dd", {}, String(value))))),
    next?.length
      ? [el("h3", {}, "Try next"), el("ul", { class: "next" }, next.map((command) => el("li", {}, el("code", {}, command), copy(command, announce))))]
      : null,
    exhibits.length ? [el("h3", {}, "Evidence"), exhibits.map(([name, value]) => exhibit(name, value))] : null,
  ].flat(2);
}

function exhibit(name, value) {
  const text = lines(value).join("\n");
  return el(
    "details",
    { open: text.length < 1500 },
    el("summary", {}, words(name)),
    // Scrollable, so the keyboard must get into it.
    el("pre", { tabindex: "0", "aria-label": words(name) }, text),
  );
}

/** A value as people write notes: a line for each thing, indented by what it belongs to. */
function lines(value, indent = "") {
  if (isNothing(value)) return [`${indent}–`];
  if (typeof value !== "object") return String(value).split("\n").map((line) => indent + line);
  if (Array.isArray(value)) return value.flatMap((item) => lines(isFlat(item) ? inLine(item) : item, indent));
  return Object.entries(value).flatMap(([name, item]) =>
    typeof item === "object" && !isNothing(item) ? [`${indent}${words(name)}:`, ...lines(item, `${indent}  `)] : [`${indent}${words(name)}: ${inLine(item)}`],
  );
}

function isNothing(value) {
  return value === null || value === undefined || value === "" || (typeof value === "object" && !Object.keys(value).length);
}

function isFlat(value) {
  return !isNothing(value) && typeof value === "object" && Object.values(value).every((item) => typeof item !== "object" || item === null);
}

function inLine(value) {
  if (!isFlat(value)) return isNothing(value) ? "–" : String(value);
  return Object.entries(value).filter(([, item]) => !isNothing(item)).map(([name, item]) => `${words(name)}: ${item}`).join(", ");
}

function words(name) {
  return name.replaceAll("_", " ");
}

function copy(command, announce) {
  // Browsers have a clipboard only where the page came by TLS or from this very machine.
  if (!navigator.clipboard) return null;
  const button = el("button", { type: "button", "aria-label": `Copy: ${command}` }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    setText(button, "Copied");
    announce("Copied");
    setTimeout(() => setText(button, "Copy"), 2000);
  });
  return button;
}

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

function parts({ step, cause, message, evidence, next }, announce) {
  const facts = [["Step", step], ["Cause", cause]].filter(([, value]) => value);
  const seen = Object.entries(evidence ?? {}).filter(([, value]) => value !== null && value !== "");
  return [
    message ? el("p", { class: "error" }, message) : null,
    el("dl", { class: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))))),
    next?.length
      ? [el("h3", {}, "Try next"), el("ul", { class: "next" }, next.map((command) => el("li", {}, el("code", {}, command), copy(command, announce))))]
      : null,
    seen.length ? [el("h3", {}, "Evidence"), seen.map(([name, value]) => exhibit(name, value))] : null,
  ].flat(2);
}

function exhibit(name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const lines = Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join("\n") : text;
  return el(
    "details",
    { open: lines.length < 600 },
    el("summary", {}, name.replaceAll("_", " ")),
    // Scrollable, so the keyboard must get into it.
    el("pre", { tabindex: "0", "aria-label": name }, lines),
  );
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

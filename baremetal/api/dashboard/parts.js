// Pieces that more than one view shows.

import { el, setAttribute, setText, sync } from "./dom.js";
import { moment, setMoment } from "./format.js";

/** What people compare letter by letter. */
const MONO = new Set(["UUID", "Request", "MACs", "Instance"]);

/** A list of names and values; what has no value is left out. */
export function facts() {
  const element = el("dl", { class: "facts" });
  return {
    element,
    update(values) {
      const items = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
      sync(element, items, ([name]) => name, ([name]) => {
        const shown = el("dd", { class: MONO.has(name) && "mono" });
        return {
          element: el("div", {}, el("dt", {}, name), shown),
          update([, value]) {
            if (!(value instanceof Node)) setText(shown, value);
            else if (shown.textContent !== value.textContent) shown.replaceChildren(value);
          },
        };
      });
    },
  };
}

/** How far an open operation is, and what it waits for; nothing where there is none. */
export function progress() {
  const bar = el("progress", { max: 100 });
  const percent = el("b", { class: "percent" });
  const step = el("span", { class: "what" });
  const waits = el("p", { class: "waits" });
  const what = el("b");
  const since = moment(null);
  const until = moment(null);
  const limit = el("span", {}, ", at most until ", until);
  waits.append("Waits for ", what, ", since ", since, limit, ".");
  const element = el("div", { class: "progress", hidden: true }, bar, percent, step, waits);
  return {
    element,
    update(operation) {
      element.hidden = !operation;
      if (!operation) return;
      const done = operation.progress.percent ?? 0;
      setAttribute(bar, "value", done);
      setAttribute(bar, "aria-label", `progress of ${operation.kind}`);
      setText(percent, `${done} %`);
      setText(step, [operation.step, operation.progress.message].filter(Boolean).join(" · "));
      waits.hidden = !operation.waiting;
      if (!operation.waiting) return;
      setText(what, operation.waiting.for);
      setMoment(since, operation.waiting.since);
      setMoment(until, operation.waiting.until);
      limit.hidden = !operation.waiting.until;
    },
  };
}

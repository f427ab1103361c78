// What has happened to one node, newest first: operations with their steps, failures, power.

import { el, setAttribute, setText, svg, sync } from "./dom.js";
import { badge, between, clock, day, duration, groupOf, seconds } from "./format.js";

/** Seconds around an operation in which what happens is its doing. */
const SLACK = 2;
/** A step takes at least this share of the picture, percent, so that quick ones are seen. */
const LEAST = 2;
const STEP_GROUPS = { done: "ready", succeeded: "ready", undone: "new", failed: "failed", running: "working", waiting: "waiting" };

export function timeline() {
  const element = el("ol", { class: "timeline", id: "timeline" });
  const empty = el("p", { class: "empty" }, "Nothing has happened yet.");
  return {
    element: el("div", {}, element, empty),
    show(operations, events, failures) {
      const items = withDays(merged(operations, events, failures));
      sync(element, items, (item) => item.key, (item) => (item.day ? dayLine(item) : item.operation ? operationLine(item) : noteLine(item)));
      empty.hidden = items.length > 0;
    },
  };
}

function merged(operations, events, failures) {
  const spans = operations.map((operation) => ({
    from: seconds(operation.created_at) - SLACK,
    to: operation.finished_at ? seconds(operation.finished_at) + SLACK : Infinity,
  }));
  const ofAnOperation = (at) => spans.some(({ from, to }) => from <= seconds(at) && seconds(at) <= to);
  const items = operations.map((operation) => ({
    key: operation.uuid, at: operation.started_at ?? operation.created_at, operation,
  }));
  for (const event of events) {
    const words = EVENTS[event.type]?.(event.data);
    if (words && !ofAnOperation(event.data.at)) items.push({ key: `event ${event.id}`, at: event.data.at, group: "new", words });
  }
  for (const failure of failures) {
    if (ofAnOperation(failure.created_at)) continue;
    items.push({ key: failure.uuid, at: failure.created_at, group: "failed", words: `${failure.event_type ?? "failure"} failed`, error: failure.event });
  }
  return items.sort((one, other) => seconds(other.at) - seconds(one.at));
}

const EVENTS = {
  "node.created": () => "enrolled",
  "node.power_state": ({ from, to }) => `${to ?? "power unknown"}${from ? `, was ${from}` : ""}`,
  "node.provision_state": ({ from, to }) => `${from} → ${to}`,
};

function withDays(items) {
  const found = [];
  let last = null;
  for (const item of items) {
    const today = day(item.at);
    if (today !== last) found.push({ key: today, day: today });
    last = today;
    found.push(item);
  }
  return found;
}

function dayLine(item) {
  return { element: el("li", { class: "day" }, item.day), update: () => {} };
}

function noteLine(item) {
  const element = el(
    "li",
    { "data-group": item.group },
    el("time", { datetime: item.at }, clock(item.at)),
    el("div", {}, item.words, item.error ? el("p", { class: "error" }, item.error) : null),
  );
  return { element, update: () => {} };
}

function operationLine({ operation: { uuid } }) {
  const at = el("time");
  const kind = el("a", { href: `#/operation/${uuid}`, class: "kind" });
  const state = badge("queued");
  const spent = el("span", { class: "hint" });
  const picture = steps();
  const error = el("p", { class: "error" });
  const element = el("li", { "data-operation": uuid }, at, el("div", {}, kind, " ", state.element, " ", spent, picture.element, error));
  return {
    element,
    update({ at: moment, operation }) {
      setAttribute(element, "data-group", groupOf(operation.state));
      setAttribute(at, "datetime", moment);
      setText(at, clock(moment));
      setText(kind, operation.kind);
      state.update(operation.state);
      setText(spent, told(operation));
      picture.update(operation);
      setText(error, operation.error);
      error.hidden = !operation.error;
    },
  };
}

/** "3 min 20 s, mostly boot_agent" */
function told(operation) {
  if (!operation.started_at) return "not begun";
  const all = between(operation.started_at, operation.finished_at);
  const longest = operation.steps.find((step) => took(step) > all / 2);
  return duration(all) + (longest && all >= 1 && operation.steps.length > 1 ? `, mostly ${longest.name}` : "");
}

/** How an operation's time went to its steps, as a bar. */
export function steps() {
  const element = svg("svg", { class: "steps", role: "img", viewBox: "0 0 100 6", preserveAspectRatio: "none" });
  return {
    element,
    update(operation) {
      const parts = operation.steps.map((step) => ({ ...step, took: took(step) }));
      const sum = parts.reduce((all, { took: own }) => all + own, 0);
      const room = 100 - LEAST * parts.length;
      const told = parts.map((step) => `${step.name}: ${stepTold(step)}`);
      setAttribute(element, "aria-label", told.join("; ") || "no steps");
      element.toggleAttribute("hidden", parts.length === 0);
      let x = 0;
      const bars = parts.map((step, number) => {
        const width = LEAST + (sum ? (room * step.took) / sum : room / parts.length);
        const bar = svg("rect", { x, y: 0, width: Math.max(0.5, width - 0.6), height: 6, "data-group": STEP_GROUPS[step.state] ?? "none" });
        bar.append(svg("title", {}, told[number]));
        x += width;
        return bar;
      });
      element.replaceChildren(...bars);
    },
  };
}

function took(step) {
  return step.started_at ? Math.max(0, between(step.started_at, step.finished_at)) : 0;
}

/** "done in 12 s" */
export function stepTold(step) {
  if (!step.started_at) return step.state ?? "pending";
  return `${step.state}, ${duration(took(step))}`;
}

export function stepGroup(state) {
  return STEP_GROUPS[state] ?? "new";
}

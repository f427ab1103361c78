// Words and figures for people: states, moments, durations.

import { el, setAttribute, setText } from "./dom.js";

/** All provision states in the order of a machine's life. */
const LIFE = [
  "enroll", "verifying", "manageable", "inspecting", "inspect wait", "adopting", "cleaning",
  "clean wait", "clean hold", "available", "deploying", "wait call-back", "deploy hold", "active",
  "servicing", "service wait", "service hold", "rescuing", "rescue wait", "rescue", "unrescuing",
  "deleting", "inspect failed", "adopt failed", "clean failed", "deploy failed", "service failed",
  "rescue failed", "unrescue failed", "error",
];
const GROUPS = { enroll: "new", manageable: "new", available: "ready", active: "used", rescue: "held" };

const AGE = new Map(LIFE.map((state, age) => [state, age]));

export function inOrderOfLife(one, other) {
  if (one === other) return 0;
  return (AGE.get(one) ?? LIFE.length) - (AGE.get(other) ?? LIFE.length) || one.localeCompare(other);
}

/** What a node's state, or an operation's, means in one word; it is also its colour. */
export function groupOf(state) {
  if (!state) return "new";
  if (/(^| )failed$|^error$/.test(state)) return "failed";
  if (/ hold$/.test(state)) return "held";
  if (/ wait$|call-back|^waiting$/.test(state)) return "waiting";
  if (/ing$/.test(state)) return "working";
  if (state === "succeeded") return "ready";
  return GROUPS[state] ?? "new";
}

export function badge(state) {
  const text = el("span");
  const element = el("span", { class: "badge" }, el("i", { class: "dot", "aria-hidden": "true" }), text);
  const update = (now) => {
    setAttribute(element, "data-group", groupOf(now));
    setText(text, now ?? "unknown");
  };
  update(state);
  return { element, update };
}

export function count(number) {
  return Number(number).toLocaleString("en");
}

/** "1 node", "2,000 nodes". */
export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 0.995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return pair(Math.floor(s / 60), "min", Math.floor(s % 60), "s");
  if (s < 86400) return pair(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return pair(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

function pair(large, unit, small, subunit) {
  return small ? `${large} ${unit} ${small} ${subunit}` : `${large} ${unit}`;
}

/** Seconds since the epoch of the API's moments, which are UTC with or without saying so. */
export function seconds(moment) {
  const text = /(Z|[+-]\d\d:?\d\d)$/.test(moment) ? moment : `${moment}Z`;
  return Date.parse(text) / 1000;
}

export function between(from, until) {
  return seconds(until ?? new Date().toISOString()) - seconds(from);
}

const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export function day(moment) {
  const when = new Date(seconds(moment) * 1000);
  const today = new Date();
  if (when.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  return when.toDateString() === today.toDateString() ? "Yesterday" : DAY.format(when);
}

export function clock(moment) {
  return CLOCK.format(new Date(seconds(moment) * 1000));
}

/** A duration that goes on while one looks: in whole seconds. */
function elapsed(moment) {
  const s = Math.max(0, Math.floor(between(moment)));
  return s < 60 ? `${s} s` : duration(s);
}

/** How far off a moment is, roughly: "12 s ago", "in 3 min". */
function distance(moment) {
  const off = between(moment);
  const s = Math.round(Math.abs(off));
  if (s < 1) return "now";
  const told = s < 60 ? `${s} s` : duration(s).replace(/^(\d+ (min|h|d)) .*/, "$1");
  return off < 0 ? `in ${told}` : `${told} ago`;
}

const STYLES = { ago: distance, elapsed };

/** A <time> that goes on by itself; `style` is "ago" or "elapsed". */
export function moment(value, style = "ago") {
  const element = el("time", { "data-style": style });
  setMoment(element, value);
  return element;
}

export function setMoment(element, value) {
  setAttribute(element, "datetime", value);
  setAttribute(element, "title", value ? `${day(value)}, ${clock(value)} (${value} UTC)` : null);
  setText(element, value ? STYLES[element.dataset.style](value) : "–");
}

/** Let all moments on the page go on. */
export function advance() {
  for (const element of document.querySelectorAll("time[data-style][datetime]")) {
    setText(element, STYLES[element.dataset.style](element.getAttribute("datetime")));
  }
}

/** Where a node or operation has its page. Names that are no plain words have none. */
export function linkTo(node) {
  if (node.elsewhere) return null;
  const plain = node.name && /^[A-Za-z0-9\-._~]+$/.test(node.name);
  return `#/node/${encodeURIComponent(plain ? node.name : node.uuid)}`;
}

export function title(node) {
  return node?.name || node?.uuid || "";
}

// The page: who looks, what at, and how fresh it is.

import { Api, ApiError } from "./api.js";
import { replace, setAttribute, setText } from "./dom.js";
import { advance } from "./format.js";
import { login } from "./login.js";
import { Machines } from "./machines.js";
import { node } from "./node.js";
import { nodes } from "./nodes.js";
import { operation } from "./operation.js";
import { overview } from "./overview.js";
import { EventStream } from "./stream.js";

// How often a view asks anew, milliseconds: at most while things happen; at least, if live or not.
const MOST_OFTEN = 1000;
const SHARE = 5;
const AT_LEAST = { live: 30_000, otherwise: 4000 };
const PATIENCE = 2000;
// A tab that nobody sees lets go of the stream after so long.
const UNSEEN = 3000;
const LINK = { live: "Live", lost: "Reconnecting…", refused: "Polling", none: "" };

const VIEWS = { "": overview, nodes, node, operation };
const $ = (id) => document.getElementById(id);

const api = new Api(location.pathname.replace(/\/dashboard\/.*$/, ""));
const context = { api, machines: new Machines(api), announce: (text) => setText($("announcer"), text) };
let stream = null;
let view = null;
let link = "none";
let settled = () => {};
let hiding = 0;

// -- what is shown ----------------------------------------------------------

/** "#/nodes?state=active" as its view, what follows, and what is asked. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  return { name, subject: decodeURIComponent(rest.join("/")), query: new URLSearchParams(query) };
}

function show() {
  const { name, subject, query } = place();
  if (view?.name === name && view.subject === subject && view.follow?.(query)) return;
  const make = VIEWS[name] ?? overview;
  const first = view === null;
  view?.close?.();
  const shown = make(context, subject, query);
  view = Object.assign(shown, { name, subject, asked: 0, rest: 0, again: null, stale: false });
  for (const entry of $("nav").querySelectorAll("a")) {
    const here = entry.dataset.view === (name === "" ? "overview" : name);
    setAttribute(entry, "aria-current", here ? "page" : null);
  }
  document.title = `${shown.title} · Baremetal`;
  replace($("content"), shown.element);
  window.scrollTo(0, 0);
  // Where a page begins, Tab leads to the bar on top; later on to what is new.
  if (!first) $("content").focus({ preventScroll: true });
  refresh();
}

/** Let the view ask anew, now or as soon as it may. */
function refresh() {
  const shown = view;
  if (!shown || shown.again !== null) return;
  const wait = Math.max(0, shown.asked + shown.rest - Date.now());
  shown.again = setTimeout(async () => {
    if (shown !== view) return;
    shown.asked = Date.now();
    try {
      await shown.refresh();
      if (shown === view) trouble(null);
    } catch (error) {
      if (shown === view) await failed(error);
    } finally {
      // Who answers slowly is asked less often.
      shown.rest = Math.min(AT_LEAST.otherwise, Math.max(MOST_OFTEN, SHARE * (Date.now() - shown.asked)));
      shown.again = null;
      if (shown.stale) {
        shown.stale = false;
        if (shown === view) refresh();
      }
    }
  }, wait);
}

function changed() {
  if (view && view.again !== null) view.stale = true;
  else refresh();
}

async function failed(error) {
  if (error instanceof ApiError && error.status === 401) {
    await enter(error.challenge);
  } else {
    trouble(error.message);
    if (!(error instanceof ApiError)) console.error(error);
  }
}

function trouble(text) {
  $("trouble").hidden = !text;
  setText($("trouble"), text);
}

// -- how fresh it is --------------------------------------------------------

/** Resolves when it is clear whether there is a stream. */
function follow() {
  stream?.stop();
  const answered = new Promise((resolve) => {
    settled = resolve;
  });
  stream = new EventStream(
    api,
    (event) => {
      context.machines.hear(event);
      if (view?.hear?.(event)) changed();
    },
    linked,
  );
  stream.run();
  return answered;
}

function linked(state, whole) {
  const before = link;
  link = state;
  settled();
  setText($("link"), LINK[state]);
  setAttribute($("link"), "data-state", state);
  // Whatever happened while nobody listened is asked for.
  if (state !== "live" || before === "none") return;
  if (!whole) context.machines.doubt();
  changed();
}

function tick() {
  if (document.hidden || !view) return;
  advance();
  const patience = link === "live" ? AT_LEAST.live : AT_LEAST.otherwise;
  if (Date.now() - view.asked > patience) refresh();
}

// -- who looks --------------------------------------------------------------

async function enter(challenge) {
  stream?.stop();
  view = null;
  api.signOut();
  session();
  trouble(null);
  linked("none");
  $("nav").hidden = true;
  document.title = "Sign in · Baremetal";
  await login(api, $("content"), challenge);
  begin();
}

function session() {
  $("session").hidden = !api.user;
  setText($("user"), api.user);
}

function begin() {
  context.machines = new Machines(api);
  $("nav").hidden = false;
  session();
  // What is read after the stream stands, it keeps true.
  Promise.race([follow(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]).then(show);
}

async function start() {
  try {
    await api.find("/v1/summary");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      await enter(error.challenge);
      return;
    }
    // Not there yet: the views go on asking.
    trouble(error.message);
  }
  begin();
}

addEventListener("hashchange", () => view && show());
addEventListener("online", () => stream?.resume());
addEventListener("pagehide", () => stream?.suspend());
addEventListener("pageshow", () => stream?.resume());
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(() => stream?.suspend(), UNSEEN);
  } else {
    stream?.resume();
    tick();
  }
});
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea");
  const search = document.querySelector("input[type=search]");
  if (event.key === "/" && !typing && search && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  }
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("content").focus();
});
$("sign-out").addEventListener("click", () => location.reload(api.signOut()));
setInterval(tick, 1000);
start();

// The whole at a glance: machines by state, what goes on, what went wrong, who does it.

import { el, setAttribute, setText, sync } from "./dom.js";
import { count, counted, groupOf, inOrderOfLife, linkTo, moment, setMoment, title } from "./format.js";

const SHOWN = 12;
const FAILURES = 5;
const ABOUT = "uuid,kind,node_uuid,resource_type,resource_uuid";
const FIELDS = `${ABOUT},state,step,progress,waiting,owner,created_at,started_at`;
/** Fewer operations than this make no conductor look busy. */
const CALM = 10;
/** States that are shown even where no machine is in them. */
const TRUNK = ["enroll", "manageable", "available", "active"];

export function overview(context) {
  const counts = machinesCard();
  const live = operationsCard(context);
  const attention = attentionCard(context);
  const conductors = conductorsCard();
  return {
    title: "Overview",
    element: el(
      "div",
      { class: "overview" },
      counts.element,
      el("div", { class: "column" }, live.element, conductors.element),
      attention.element,
    ),
    hear: () => true,
    async refresh() {
      const found = await context.api.find("/v1/summary");
      // Who may not see the whole still sees what is done to machines of his own.
      for (const card of [counts, conductors]) card.element.hidden = !found;
      if (found) {
        counts.update(found.nodes);
        conductors.update(found.conductors);
      }
      await Promise.all([live.update(found?.operations), attention.update(found?.nodes)]);
    },
  };
}

function card(id, heading, ...children) {
  return el("section", { class: "card", "aria-labelledby": id }, el("h2", { id }, heading), children);
}

// -- machines by state -------------------------------------------------------

function machinesCard() {
  const total = el("strong", { class: "figure", id: "total" }, "–");
  const noun = el("span", {}, "machines");
  const power = el("p", { class: "hint" });
  const share = el("div", { class: "share", role: "img" });
  const tiles = el("ul", { class: "tiles", id: "states" });
  const heading = el("h1", { id: "machines" }, total, " ", noun);
  return {
    element: el("section", { class: "card machines", "aria-labelledby": "machines" }, heading, power, share, tiles),
    update(found) {
      setText(total, count(found.total));
      setText(noun, found.total === 1 ? "machine" : "machines");
      setText(power, powers(found.power_state));
      const states = [...new Set([...TRUNK, ...Object.keys(found.provision_state)])].sort(inOrderOfLife);
      const items = states.map((state) => ({ state, number: found.provision_state[state] ?? 0 }));
      sync(tiles, items, (item) => item.state, tile);
      const present = items.filter((item) => item.number);
      sync(share, present, (item) => item.state, segment);
      setAttribute(share, "aria-label", present.map((item) => `${item.state} ${item.number}`).join(", ") || "no machines");
    },
  };
}

function powers(found) {
  const parts = Object.entries(found).sort(([, one], [, other]) => other - one);
  return parts.map(([state, number]) => `${count(number)} ${state === "unknown" ? "power unknown" : state}`).join(" · ");
}

function tile({ state }) {
  const number = el("b", { class: "number" });
  const name = el("span", { class: "name" }, el("i", { class: "dot", "aria-hidden": "true" }), state);
  const href = `#/nodes?state=${encodeURIComponent(state)}`;
  const link = el("a", { href, "data-group": groupOf(state), "data-state": state }, number, name);
  return {
    element: el("li", {}, link),
    update(item) {
      setText(number, count(item.number));
      setAttribute(link, "data-none", item.number === 0);
    },
  };
}

function segment({ state }) {
  const element = el("span", { "data-group": groupOf(state), title: state });
  return {
    element,
    update(item) {
      element.style.flexGrow = item.number;
    },
  };
}

// -- what goes on -------------------------------------------------------------

function operationsCard({ api, machines }) {
  const doing = el("span", { class: "hint" });
  const live = el("ul", { class: "live", id: "live" });
  const idle = el("p", { class: "empty", hidden: true }, "Nothing goes on. All is calm.");
  const more = el("p", { class: "hint more", hidden: true });
  return {
    element: card("in-progress", ["In progress ", doing], live, idle, more),
    async update(found) {
      // Where nobody has counted for us, there may be some of each.
      const numbers = ["running", "waiting", "queued"].map((state) => [found?.[state] ?? 1, state]).filter(([number]) => number);
      const open = numbers.reduce((sum, [number]) => sum + number, 0);
      const pages = await Promise.all(
        numbers.map(([, state]) => api.get("/v1/operations", { state, fields: FIELDS, limit: SHOWN })),
      );
      const shown = pages.flatMap((page) => page.operations).slice(0, SHOWN);
      await machines.name(shown.map((operation) => operation.node_uuid));
      sync(live, shown, (operation) => operation.uuid, (operation) => line(operation, machines));
      setText(doing, found && numbers.map(([number, state]) => `${count(number)} ${state}`).join(" · "));
      idle.hidden = shown.length > 0;
      more.hidden = !found || open <= shown.length;
      setText(more, `and ${count(open - shown.length)} more`);
    },
  };
}

function line({ uuid }, machines) {
  const name = el("a", { class: "node" });
  const kind = el("a", { href: `#/operation/${uuid}`, class: "kind" });
  const bar = el("progress", { max: 100 });
  const percent = el("span", { class: "percent" });
  const what = el("span", { class: "what" });
  const owner = el("span", { class: "owner" });
  const since = moment(null, "elapsed");
  return {
    element: el("li", { "data-operation": uuid }, name, kind, bar, percent, what, owner, since),
    update(now) {
      const node = machines.subject(now);
      const done = now.progress.percent ?? 0;
      setText(name, title(node));
      setAttribute(name, "href", linkTo(node));
      setText(kind, now.kind);
      setAttribute(bar, "data-group", groupOf(now.state));
      setAttribute(bar, "value", done);
      setAttribute(bar, "aria-label", `${now.kind} of ${title(node)}, ${now.state}`);
      setText(percent, `${done} %`);
      setText(what, told(now));
      setText(owner, now.owner);
      setMoment(since, now.started_at ?? now.created_at);
    },
  };
}

function told({ state, step, progress, waiting }) {
  const parts = [state === "queued" && "queued", step, progress.message, waiting?.for && `waits for ${waiting.for}`];
  return parts.filter(Boolean).join(" · ");
}

// -- what went wrong ------------------------------------------------------------

function attentionCard({ api, machines }) {
  const links = el("p", { class: "attention", id: "attention" });
  const calm = el("p", { class: "hint", hidden: true }, "No machine has failed, has a fault, or is in maintenance.");
  const latest = el("h3", { hidden: true }, "Latest failures");
  const failures = el("ul", { class: "failures", id: "failures" });
  return {
    element: card("attend", "Needs attention", links, calm, latest, failures),
    async update(nodes) {
      const found = nodes ? troubles(nodes) : [];
      sync(links, found, (item) => item.only, chip);
      calm.hidden = !nodes || found.length > 0;
      const query = { state: "failed", sort_dir: "desc", limit: FAILURES, fields: `${ABOUT},error,finished_at` };
      const { operations } = await api.get("/v1/operations", query);
      await machines.name(operations.map((operation) => operation.node_uuid));
      latest.hidden = !operations.length;
      sync(failures, operations, (operation) => operation.uuid, (operation) => failure(operation, machines));
    },
  };
}

function troubles({ provision_state: states, fault, maintenance }) {
  const failed = Object.entries(states).filter(([state]) => groupOf(state) === "failed");
  return [
    { only: "failed", words: "failed", number: failed.reduce((sum, [, number]) => sum + number, 0) },
    { only: "fault", words: "with a fault", number: fault },
    { only: "maintenance", words: "in maintenance", number: maintenance },
  ].filter(({ number }) => number);
}

function chip({ only, words }) {
  const number = el("b");
  return {
    element: el("a", { class: "chip", href: `#/nodes?only=${only}`, "data-only": only }, number, ` ${words}`),
    update: (now) => setText(number, count(now.number)),
  };
}

function failure({ uuid }, machines) {
  const name = el("a", { class: "node" });
  const kind = el("a", { href: `#/operation/${uuid}`, class: "kind" });
  const when = moment(null);
  const error = el("span", { class: "what" });
  return {
    element: el("li", {}, name, kind, when, error),
    update(now) {
      const node = machines.subject(now);
      setText(name, title(node));
      setAttribute(name, "href", linkTo(node));
      setText(kind, `${now.kind} failed`);
      setMoment(when, now.finished_at);
      setText(error, now.error);
    },
  };
}

// -- who does it ------------------------------------------------------------------

function conductorsCard() {
  const list = el("ul", { class: "conductors", id: "conductors" });
  return {
    element: card("who", "Conductors", list),
    update(found) {
      const busiest = Math.max(CALM, ...found.map((conductor) => conductor.running + conductor.waiting));
      const items = found.map((conductor) => ({ ...conductor, busiest }));
      sync(list, items, (conductor) => conductor.hostname, conductorLine);
    },
  };
}

function conductorLine({ hostname }) {
  const alive = el("span", { class: "badge" }, el("i", { class: "dot", "aria-hidden": "true" }), el("span"));
  const seen = moment(null);
  const bars = ["working", "waiting"].map((group) => el("i", { "data-group": group }));
  const words = el("span", { class: "what" });
  return {
    element: el(
      "li",
      {},
      el("b", { class: "node" }, hostname),
      alive,
      el("span", { class: "hint seen" }, "seen ", seen),
      el("span", { class: "load", "aria-hidden": "true" }, bars),
      words,
    ),
    update(now) {
      setAttribute(alive, "data-group", now.alive ? "ready" : "failed");
      setText(alive.lastElementChild, now.alive ? "alive" : "gone");
      setMoment(seen, now.updated_at);
      bars[0].style.width = `${(100 * now.running) / now.busiest}%`;
      bars[1].style.width = `${(100 * now.waiting) / now.busiest}%`;
      const group = now.conductor_group ? ` · group ${now.conductor_group}` : "";
      setText(words, `${counted(now.nodes, "node")} · ${count(now.running)} running · ${count(now.waiting)} waiting${group}`);
    },
  };
}

// The whole at a glance: machines by state, what goes on, what went wrong, who does it.

import { el, replace, setAttribute, setText, sync } from "./dom.js";
import { count, counted, groupOf, inOrderOfLife, linkTo, moment, setMoment, title } from "./format.js";

const SHOWN = 12;
/** Fewer operations than this make no conductor look busy. */
const CALM = 10;
const FAILURES = 5;
const FIELDS = "uuid,kind,state,node_uuid,step,progress,waiting,owner,created_at,started_at";
/** States that are shown even where no machine is in them. */
const TRUNK = ["enroll", "manageable", "available", "active"];

export function overview({ api, machines }) {
  const total = el("strong", { class: "figure", id: "total" }, "–");
  const noun = el("span", {}, "machines");
  const power = el("p", { class: "hint", id: "power" });
  const share = el("div", { class: "share", role: "img" });
  const tiles = el("ul", { class: "tiles", id: "states" });
  const attention = el("p", { class: "attention", id: "attention" });
  const latest = el("h3", { hidden: true }, "Latest failures");
  const failures = el("ul", { class: "failures", id: "failures" });
  const doing = el("span", { class: "hint", id: "doing" });
  const live = el("ul", { class: "live", id: "live" });
  const idle = el("p", { class: "empty", hidden: true }, "Nothing goes on. All is calm.");
  const more = el("p", { class: "hint more", hidden: true });
  const conductors = el("ul", { class: "conductors", id: "conductors" });

  const element = el(
    "div",
    { class: "overview" },
    el(
      "section",
      { class: "card machines", "aria-labelledby": "machines" },
      el("h1", { id: "machines" }, total, " ", noun),
      power,
      share,
      tiles,
    ),
    el(
      "div",
      { class: "column" },
      el(
        "section",
        { class: "card", "aria-labelledby": "in-progress" },
        el("h2", { id: "in-progress" }, "In progress ", doing),
        live,
        idle,
        more,
      ),
      el("section", { class: "card", "aria-labelledby": "who" }, el("h2", { id: "who" }, "Conductors"), conductors),
    ),
    el(
      "section",
      { class: "card", "aria-labelledby": "attend" },
      el("h2", { id: "attend" }, "Needs attention"),
      attention,
      latest,
      failures,
    ),
  );

  function drawNodes(found) {
    setText(total, count(found.total));
    setText(noun, found.total === 1 ? "machine" : "machines");
    const powers = Object.entries(found.power_state).sort(([, one], [, other]) => other - one);
    setText(power, powers.map(([state, number]) => `${count(number)} ${state.replace("unknown", "power unknown")}`).join(" · "));
    const states = [...new Set([...TRUNK, ...Object.keys(found.provision_state)])].sort(inOrderOfLife);
    const items = states.map((state) => ({ state, number: found.provision_state[state] ?? 0 }));
    sync(tiles, items, (item) => item.state, tile);
    const present = items.filter((item) => item.number);
    sync(share, present, (item) => item.state, segment);
    setAttribute(share, "aria-label", present.map((item) => `${item.state} ${item.number}`).join(", ") || "no machines");
  }

  function drawAttention(found) {
    const states = Object.entries(found.provision_state).filter(([state]) => groupOf(state) === "failed");
    const failed = states.reduce((sum, [, number]) => sum + number, 0);
    const links = [
      [failed, "failed", "failed"],
      [found.fault, "with a fault", "fault"],
      [found.maintenance, "in maintenance", "maintenance"],
    ].filter(([number]) => number);
    replace(
      attention,
      links.length
        ? links.map(([number, words, only]) =>
            el("a", { class: "chip", href: `#/nodes?only=${only}`, "data-only": only }, el("b", {}, count(number)), ` ${words}`),
          )
        : el("span", { class: "hint" }, "No machine has failed, has a fault, or is in maintenance."),
    );
  }

  async function drawOperations(found) {
    // Where nobody has counted for us, there may be some of each.
    const numbers = ["running", "waiting", "queued"].map((state) => [found?.[state] ?? 1, state]);
    const open = numbers.reduce((sum, [number]) => sum + number, 0);
    setText(doing, found && numbers.filter(([number]) => number).map(([number, state]) => `${count(number)} ${state}`).join(" · "));
    const lists = await Promise.all(
      numbers.map(async ([number, state]) =>
        number ? (await api.get("/v1/operations", { state, fields: FIELDS, limit: SHOWN })).operations : [],
      ),
    );
    const shown = lists.flat().slice(0, SHOWN);
    await machines.name(shown.map((operation) => operation.node_uuid));
    sync(live, shown, (operation) => operation.uuid, (operation) => line(operation, machines));
    idle.hidden = shown.length > 0;
    more.hidden = !found || open <= shown.length;
    setText(more, `and ${count(open - shown.length)} more`);
  }

  async function drawFailures() {
    const query = { state: "failed", sort_dir: "desc", limit: FAILURES };
    const found = (await api.get("/v1/operations", { ...query, fields: "uuid,kind,node_uuid,error,finished_at" })).operations;
    await machines.name(found.map((operation) => operation.node_uuid));
    latest.hidden = !found.length;
    sync(failures, found, (operation) => operation.uuid, (operation) => failure(operation, machines));
  }

  return {
    title: "Overview",
    element,
    hear: () => true,
    async refresh() {
      const found = await api.find("/v1/summary");
      // Who may not see the whole still sees what is done to machines of his own.
      for (const card of [total, conductors, attention]) card.closest("section").hidden = !found;
      if (found) {
        drawNodes(found.nodes);
        drawAttention(found.nodes);
        drawConductors(conductors, found.conductors);
      }
      await Promise.all([drawOperations(found?.operations), drawFailures()]);
    },
  };
}

function tile({ state }) {
  const number = el("b", { class: "number" });
  const link = el(
    "a",
    { href: `#/nodes?state=${encodeURIComponent(state)}`, "data-group": groupOf(state), "data-state": state },
    number,
    el("span", { class: "name" }, el("i", { class: "dot", "aria-hidden": "true" }), state),
  );
  const element = el("li", {}, link);
  return {
    element,
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

function line({ uuid }, machines) {
  const name = el("a", { class: "node" });
  const kind = el("a", { href: `#/operation/${uuid}`, class: "kind" });
  const bar = el("progress", { max: 100 });
  const percent = el("span", { class: "percent" });
  const what = el("span", { class: "what" });
  const owner = el("span", { class: "owner" });
  const since = moment(null, "elapsed");
  const element = el("li", { "data-operation": uuid }, name, kind, bar, percent, what, owner, since);
  return {
    element,
    update(now) {
      const node = machines.called(now.node_uuid);
      setText(name, title(node));
      setAttribute(name, "href", linkTo(node));
      setText(kind, now.kind);
      setAttribute(bar, "data-group", groupOf(now.state));
      const done = now.progress.percent ?? 0;
      setAttribute(bar, "value", done);
      setAttribute(bar, "aria-label", `${now.kind} of ${title(node)}, ${now.state}`);
      setText(percent, `${done} %`);
      setText(what, told(now));
      setAttribute(what, "title", told(now));
      setText(owner, now.owner);
      setMoment(since, now.started_at ?? now.created_at);
    },
  };
}

function told(operation) {
  const parts = [operation.state === "queued" && "queued", operation.step, operation.progress.message];
  if (operation.waiting?.for) parts.push(`waits for ${operation.waiting.for}`);
  return parts.filter(Boolean).join(" · ");
}

function failure({ uuid }, machines) {
  const name = el("a", { class: "node" });
  const kind = el("a", { href: `#/operation/${uuid}`, class: "kind" });
  const when = moment(null);
  const error = el("span", { class: "what" });
  return {
    element: el("li", {}, name, kind, when, error),
    update(now) {
      const node = machines.called(now.node_uuid);
      setText(name, title(node));
      setAttribute(name, "href", linkTo(node));
      setText(kind, `${now.kind} failed`);
      setMoment(when, now.finished_at);
      setText(error, now.error);
    },
  };
}

function drawConductors(list, found) {
  const busiest = Math.max(CALM, ...found.map((conductor) => conductor.running + conductor.waiting));
  sync(list, found, (conductor) => conductor.hostname, () => {
    const name = el("b", { class: "node" });
    const alive = el("span", { class: "badge" }, el("i", { class: "dot", "aria-hidden": "true" }), el("span"));
    const seen = moment(null);
    const load = el("span", { class: "load", "aria-hidden": "true" }, el("i", { "data-group": "working" }), el("i", { "data-group": "waiting" }));
    const words = el("span", { class: "what" });
    const element = el("li", {}, name, alive, el("span", { class: "hint seen" }, "seen ", seen), load, words);
    return {
      element,
      update(now) {
        setText(name, now.hostname);
        setAttribute(alive, "data-group", now.alive ? "ready" : "failed");
        setText(alive.lastElementChild, now.alive ? "alive" : "gone");
        setMoment(seen, now.updated_at);
        load.children[0].style.width = `${(100 * now.running) / busiest}%`;
        load.children[1].style.width = `${(100 * now.waiting) / busiest}%`;
        const group = now.conductor_group ? ` · group ${now.conductor_group}` : "";
        setText(words, `${counted(now.nodes, "node")} · ${count(now.running)} running · ${count(now.waiting)} waiting${group}`);
      },
    };
  });
}

// One machine: what it does now, what happened to it, and what is known of it.

import { ApiError } from "./api.js";
import { autopsy } from "./autopsy.js";
import { el, setAttribute, setText } from "./dom.js";
import { badge, groupOf, moment, setMoment, title } from "./format.js";
import { facts, progress } from "./parts.js";
import { timeline } from "./timeline.js";

const OPERATIONS = 25;
const FAILURES = 30;
const EVENTS = 100;

export function node(context, ident) {
  const { api, machines, announce } = context;
  const path = `/v1/nodes/${encodeURIComponent(ident)}`;
  const name = el("h1", { id: "title" }, ident);
  const state = badge("enroll");
  const power = badge(null);
  const since = moment(null, "elapsed");
  const notes = el("ul", { class: "notes" });
  const doing = el("a", { class: "kind" });
  const by = el("span", { class: "hint" });
  const now = el("p", { class: "now", hidden: true }, doing, " ", by);
  const going = progress();
  const why = autopsy(context);
  const happened = timeline();
  const known = facts();
  const driver = facts();
  let uuid = null;
  let before = null;

  const element = el(
    "div",
    { class: "one" },
    el(
      "section",
      { class: "card wide", "aria-labelledby": "title" },
      el("div", { class: "head" }, name, state.element, el("span", { class: "hint" }, "for ", since), power.element),
      notes,
      now,
      going.element,
    ),
    why.element,
    el("section", { class: "card", "aria-labelledby": "happened" }, el("h2", { id: "happened" }, "Timeline"), happened.element),
    el(
      "section",
      { class: "card", "aria-labelledby": "facts" },
      el("h2", { id: "facts" }, "Facts"),
      known.element,
      el("h3", {}, "Driver"),
      driver.element,
    ),
  );

  function drawHead(found) {
    setText(name, title(found));
    state.update(found.provision_state);
    power.update(found.power_state ?? "power unknown");
    setAttribute(power.element, "data-group", found.power_state === "power on" ? "used" : "new");
    setMoment(since, found.provision_updated_at ?? found.created_at);
    const told = [
      found.maintenance && ["held", `In maintenance: ${found.maintenance_reason ?? "nobody said why"}`],
      found.fault && ["failed", `Fault: ${found.fault}`],
      // Otherwise the autopsy tells it.
      found.last_error && why.element.hidden && ["failed", found.last_error],
      found.retired && ["new", `Retired: ${found.retired_reason ?? "nobody said why"}`],
      found.protected && ["new", `Protected: ${found.protected_reason ?? "nobody said why"}`],
    ].filter(Boolean);
    notes.replaceChildren(...told.map(([group, text]) => el("li", { "data-group": group }, text)));
    now.hidden = !found.operation;
    if (found.operation) {
      setText(doing, found.operation.kind);
      setAttribute(doing, "href", `#/operation/${found.operation.uuid}`);
      setText(by, [found.operation.state, found.operation.owner].filter(Boolean).join(" · "));
    }
    going.update(found.operation);
    if (before && before !== found.provision_state) announce(`${title(found)} is now ${found.provision_state}`);
    before = found.provision_state;
  }

  function drawFacts(found, ports) {
    const { cpus, memory_mb: memory, local_gb: disk, cpu_arch: arch } = found.properties;
    const size = [cpus && `${cpus} CPUs`, memory && `${Math.round(memory / 1024)} GiB`, disk && `${disk} GB disk`, arch];
    known.update({
      UUID: found.uuid,
      Description: found.description,
      Hardware: size.filter(Boolean).join(", "),
      Class: found.resource_class,
      Traits: found.traits?.join(", "),
      MACs: ports.map((port) => port.address).join(", "),
      Instance: found.instance_uuid,
      Owner: found.owner,
      Lessee: found.lessee,
      Conductor: found.conductor,
      Group: found.conductor_group,
      Enrolled: moment(found.created_at),
    });
    const parts = Object.entries(found).filter(([field, value]) => field.endsWith("_interface") && value && !value.startsWith("no"));
    driver.update({ Driver: found.driver, ...Object.fromEntries(parts.map(([field, value]) => [field.replace("_interface", ""), value])) });
  }

  return {
    title: ident,
    element,
    hear: ({ data }) => data.node_uuid === uuid,
    async refresh() {
      let found;
      try {
        found = await api.get(path);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404 && uuid) throw new Error("This node is gone.");
        throw error;
      }
      uuid = found.uuid;
      machines.names.set(uuid, found.name);
      const [{ operations }, { history }, { events }, { ports }] = await Promise.all([
        api.get("/v1/operations", { node: uuid, sort_dir: "desc", limit: OPERATIONS }),
        api.find(`/v1/nodes/${uuid}/history`, { detail: "true", sort_dir: "desc", limit: FAILURES }, { history: [] }),
        api.find("/v1/events", { node: uuid, limit: EVENTS }, { events: [] }),
        api.find(`/v1/nodes/${uuid}/ports`, { fields: "address" }, { ports: [] }),
      ]);
      drawFacts(found, ports);
      happened.show(operations, events, history);
      await why.show(lastFailure(found, operations));
      drawHead(found);
    },
  };
}

/** The failure that still matters: nothing was begun since, or went well. */
function lastFailure(node, operations) {
  if (node.operation) return null;
  if (groupOf(node.provision_state) !== "failed" && operations[0]?.state !== "failed") return null;
  return operations.find((operation) => operation.state === "failed") ?? null;
}

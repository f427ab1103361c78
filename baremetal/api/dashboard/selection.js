// Which nodes a list shows and in which order; the address of the page holds it.

import { groupOf, inOrderOfLife, title } from "./format.js";

const NATURAL = new Intl.Collator("en", { numeric: true });
/** Troubles that lists can be narrowed to. */
export const ONLY = {
  failed: ["Failed", (node) => groupOf(node.provision_state) === "failed"],
  fault: ["With a fault", (node) => node.fault],
  maintenance: ["In maintenance", (node) => node.maintenance],
};
/** The columns of a list: field and heading. */
export const COLUMNS = [
  ["name", "Name"],
  ["provision_state", "State"],
  ["power_state", "Power"],
  ["driver", "Driver"],
  ["resource_class", "Class"],
  ["provision_updated_at", "In this state since"],
];

/** The selection that an address asks for. */
export function read(query) {
  return {
    state: query.get("state") ?? "",
    only: ONLY[query.get("only")] ? query.get("only") : "",
    words: query.get("q") ?? "",
    sort: COLUMNS.some(([key]) => key === query.get("sort")) ? query.get("sort") : "name",
    down: query.get("dir") === "desc",
    page: Math.max(0, (parseInt(query.get("page") ?? "1", 10) || 1) - 1),
  };
}

/** The selection as a part of an address. */
export function write({ state, only, words, sort, down, page }) {
  const pairs = { state, only, q: words, sort: sort === "name" ? "" : sort, dir: down ? "desc" : "", page: page ? page + 1 : "" };
  const text = new URLSearchParams(Object.entries(pairs).filter(([, value]) => value)).toString();
  return text ? `?${text}` : "";
}

/** Whether a node has all of these words. */
export function having(words) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  return (node) => {
    const text = `${node.name ?? ""} ${node.uuid} ${node.driver} ${node.resource_class ?? ""}`.toLowerCase();
    return parts.every((part) => text.includes(part));
  };
}

/** Whether a node is of the state, or in the trouble, that was chosen. */
export function fitting({ state, only }) {
  return (node) => (!state || node.provision_state === state) && (!only || Boolean(ONLY[only][1](node)));
}

/** How to compare two nodes. */
export function by({ sort, down }) {
  const value = sort === "name" ? title : (node) => node[sort] ?? "";
  const compare = sort === "provision_state" ? inOrderOfLife : NATURAL.compare;
  return (one, other) =>
    (down ? -1 : 1) * (compare(value(one), value(other)) || NATURAL.compare(title(one), title(other)));
}

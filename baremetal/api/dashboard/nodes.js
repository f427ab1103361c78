// All machines: narrowed by state and words, sorted, a page at a time.

import { el, replace, setAttribute, setText, sync } from "./dom.js";
import { badge, count, counted, groupOf, inOrderOfLife, linkTo, moment, setMoment, title } from "./format.js";
import { MOST } from "./machines.js";
import { COLUMNS, ONLY, by, fitting, having, read, write } from "./selection.js";

const PAGE = 100;
/** How often the list is read anew: of some changes no event tells, such as maintenance. */
const READ_AGAIN = 60_000;

export function nodes({ api, machines, announce }, _subject, query) {
  let wanted = read(query);
  const search = el("input", {
    type: "search", id: "filter", placeholder: "Name, UUID, driver, class…", autocomplete: "off", spellcheck: "false",
    "aria-keyshortcuts": "/", on: { input: () => change({ words: search.value, page: 0 }) },
  });
  const sorting = el(
    "select",
    { on: { change: () => change({ sort: sorting.value, down: false, page: 0 }) } },
    COLUMNS.map(([key, label]) => el("option", { value: key }, label)),
  );
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Only these" });
  const heads = COLUMNS.map(([key, label]) => {
    const button = el("button", { type: "button", on: { click: () => turn(key) } }, label);
    return el("th", { scope: "col", role: "columnheader", "data-key": key }, button);
  });
  const body = el("tbody", { role: "rowgroup" });
  const shownOf = el("p", { class: "hint", role: "status", id: "shown" });
  const earlier = el("button", { type: "button", on: { click: () => change({ page: wanted.page - 1 }) } }, "Earlier");
  const later = el("button", { type: "button", on: { click: () => change({ page: wanted.page + 1 }) } }, "Later");
  const element = el(
    "section",
    { class: "card wide nodes", "aria-labelledby": "title" },
    el("div", { class: "head" },
      el("h1", { id: "title" }, "Nodes"),
      el("label", { class: "filter" }, el("span", { class: "unseen" }, "Filter"), search),
      el("label", { class: "sorting" }, el("span", {}, "Sort by "), sorting)),
    chips,
    el("table", { role: "table", "aria-labelledby": "title" }, el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)), body),
    el("div", { class: "pager" }, shownOf, earlier, later),
  );

  function change(what) {
    wanted = { ...wanted, ...what };
    history.replaceState(null, "", `#/nodes${write(wanted)}`);
    draw();
    if ("page" in what && !("words" in what)) window.scrollTo(0, 0);
  }

  function turn(key) {
    change({ sort: key, down: wanted.sort === key && !wanted.down, page: 0 });
    announce(`Sorted by ${COLUMNS.find(([name]) => name === key)[1]}, ${wanted.down ? "descending" : "ascending"}`);
  }

  function draw() {
    if (document.activeElement !== search) search.value = wanted.words;
    sorting.value = wanted.sort;
    for (const head of heads) {
      const here = head.dataset.key === wanted.sort;
      setAttribute(head, "aria-sort", here ? (wanted.down ? "descending" : "ascending") : null);
    }
    const all = [...machines.byUuid.values()];
    const worded = all.filter(having(wanted.words));
    drawChips(worded);
    const found = worded.filter(fitting(wanted)).sort(by(wanted));
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const page = Math.min(wanted.page, pages - 1);
    const from = page * PAGE;
    sync(body, found.slice(from, from + PAGE), (node) => node.uuid, row);
    earlier.disabled = page === 0;
    later.disabled = page === pages - 1;
    setText(shownOf, said(found.length, from, all.length));
  }

  function said(number, from, all) {
    if (!machines.known) return all ? `Reading… ${count(all)} so far` : "Reading…";
    const rest = all >= MOST ? ` (the first ${count(MOST)} of more)` : "";
    if (!number) return all ? "No node is like this." : "There are no nodes yet.";
    if (number <= PAGE) return counted(number, "node") + rest;
    return `${count(from + 1)} to ${count(Math.min(from + PAGE, number))} of ${counted(number, "node")}${rest}`;
  }

  function drawChips(all) {
    const numbers = new Map();
    for (const node of all) numbers.set(node.provision_state, (numbers.get(node.provision_state) ?? 0) + 1);
    if (wanted.state && !numbers.has(wanted.state)) numbers.set(wanted.state, 0);
    const items = [{ label: "All", number: all.length, to: { state: "", only: "" } }];
    for (const state of [...numbers.keys()].sort(inOrderOfLife)) {
      items.push({ label: state, number: numbers.get(state), to: { state, only: "" }, group: groupOf(state) });
    }
    for (const [only, [label, fits]] of Object.entries(ONLY)) {
      const number = all.filter(fits).length;
      if (number || wanted.only === only) items.push({ label, number, to: { state: "", only } });
    }
    sync(chips, items, (item) => item.label, (item) => chip(item, change));
    for (const button of chips.children) {
      const here = button.dataset.state === wanted.state && button.dataset.only === wanted.only;
      setAttribute(button, "aria-pressed", here ? "true" : "false");
    }
  }

  return {
    title: "Nodes",
    element,
    follow(asked) {
      wanted = read(asked);
      draw();
      return true;
    },
    hear: ({ type }) => type.startsWith("node."),
    async refresh() {
      if (Date.now() - machines.readAt > READ_AGAIN) await machines.read(machines.known ? undefined : draw);
      draw();
    },
  };
}

function chip(item, change) {
  const number = el("b");
  const element = el(
    "button",
    { type: "button", class: "chip", "data-state": item.to.state, "data-only": item.to.only, "data-group": item.group,
      on: { click: () => change({ ...item.to, page: 0 }) } },
    item.group ? el("i", { class: "dot", "aria-hidden": "true" }) : null,
    item.label,
    " ",
    number,
  );
  return { element, update: (now) => setText(number, count(now.number)) };
}

function row() {
  const link = el("a", { class: "node" });
  const mark = el("span", { class: "mark" });
  const state = badge("enroll");
  const cells = COLUMNS.map(([key, label]) => el("td", { role: "cell", "data-key": key, "data-label": label }));
  const since = moment(null);
  cells[0].append(link, mark);
  cells[1].append(state.element);
  cells[5].append(since);
  return {
    element: el("tr", { role: "row" }, cells),
    update(node) {
      setText(link, title(node));
      setAttribute(link, "href", linkTo(node));
      replace(mark, [node.maintenance && "maintenance", node.fault].filter(Boolean).map((text) => el("span", {}, text)));
      state.update(node.provision_state);
      setText(cells[2], node.power_state ?? "unknown");
      setText(cells[3], node.driver);
      setText(cells[4], node.resource_class ?? "–");
      setMoment(since, node.provision_updated_at);
    },
  };
}

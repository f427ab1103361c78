// One operation: its steps, how long each took, what it waits for, and why it failed.

import { autopsy } from "./autopsy.js";
import { el, setAttribute, setText, sync } from "./dom.js";
import { badge, between, duration, linkTo, moment, setMoment, title } from "./format.js";
import { facts, progress } from "./parts.js";
import { stepGroup, steps } from "./timeline.js";

export function operation(context, uuid) {
  const { api, machines, announce } = context;
  const kind = el("span", {}, "Operation");
  const node = el("a", { class: "node" });
  const state = badge("queued");
  const took = el("span", { class: "hint" });
  const error = el("p", { class: "error" });
  const picture = steps();
  const going = progress();
  const table = el("ol", { class: "step-list", id: "steps" });
  const known = facts();
  const why = autopsy(context);
  let before = null;

  const element = el(
    "div",
    { class: "one" },
    el(
      "section",
      { class: "card wide", "aria-labelledby": "title" },
      el("div", { class: "head" }, el("h1", { id: "title" }, kind, " of ", node), state.element, took),
      error,
      going.element,
    ),
    why.element,
    el("section", { class: "card", "aria-labelledby": "steps-title" }, el("h2", { id: "steps-title" }, "Steps"), picture.element, table),
    el("section", { class: "card", "aria-labelledby": "facts" }, el("h2", { id: "facts" }, "Facts"), known.element),
  );

  return {
    title: `Operation ${uuid.slice(0, 8)}`,
    element,
    hear: ({ data }) => data.operation_uuid === uuid,
    async refresh() {
      const found = await api.get(`/v1/operations/${encodeURIComponent(uuid)}`);
      await machines.name([found.node_uuid]);
      const owner = machines.subject(found);
      setText(kind, found.kind);
      setText(node, title(owner));
      setAttribute(node, "href", linkTo(owner));
      state.update(found.state);
      setText(took, found.finished_at && found.started_at ? `in ${duration(between(found.started_at, found.finished_at))}` : "");
      going.update(found.finished_at ? null : found);
      picture.update(found);
      sync(table, found.steps, (step) => step.name, stepLine);
      known.update({
        UUID: found.uuid,
        Conductor: found.owner,
        Group: found.conductor_group,
        "Taken up": found.attempts === 1 ? "once" : `${found.attempts} times`,
        "Requested by": found.requested_by,
        Request: found.request_id,
        Created: moment(found.created_at),
        Started: found.started_at && moment(found.started_at),
        Finished: found.finished_at && moment(found.finished_at),
        "Lease until": found.lease_expires_at && moment(found.lease_expires_at),
      });
      await why.show(found);
      // The autopsy says it, too.
      setText(error, why.element.hidden ? found.error : "");
      error.hidden = !error.textContent;
      if (before && before !== found.state) announce(`${found.kind} of ${title(owner)} is now ${found.state}`);
      before = found.state;
    },
  };
}

function stepLine({ name }) {
  const dot = el("i", { class: "dot", "aria-hidden": "true" });
  const state = el("span", { class: "state" });
  const time = el("span", { class: "took" });
  const message = el("span", { class: "what" });
  const going = moment(null, "elapsed");
  const element = el("li", { "data-step": name }, dot, el("b", {}, name), state, time, message);
  return {
    element,
    update(step) {
      setAttribute(element, "data-group", stepGroup(step.state));
      setText(state, step.state);
      setText(message, step.message);
      message.hidden = !step.message;
      if (step.started_at && !step.finished_at) {
        setMoment(going, step.started_at);
        if (going.parentNode !== time) time.replaceChildren(going);
      } else {
        setText(time, step.started_at ? duration(between(step.started_at, step.finished_at)) : "");
      }
    },
  };
}

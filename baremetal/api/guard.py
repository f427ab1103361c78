"""Lets callers in, or not: once for each route before its controller, and for parts of it."""

from collections.abc import Mapping

from baremetal.api.call import Call
from baremetal.api.policies import allocations, images, nodes, operations, ports, shares
from baremetal.api.routing import Route
from baremetal.auth.policy import Policy
from baremetal.auth.rules import Rule
from baremetal.db.owners import owners
from baremetal.domain.errors import Forbidden, NotFound

Target = Mapping[str, str]

#: {what has owners: the rule that lets callers see it}
_SEE = {
    "node": nodes.GET,
    "port": ports.GET,
    "allocation": allocations.GET,
    "operation": operations.GET,
    "image": images.GET,
    "share": shares.GET,
    "snapshot": shares.GET_SNAPSHOT,
    "access": shares.ACCESS_GET,
    "message": shares.GET_MESSAGE,
}
#: {what has owners: (the variable of the path, what it names, how that is called)}
_PLACES = {
    "node": (("node", "node", "Node"),),
    "port": (("ident", "port", "Port"), ("node", "node", "Node")),
    "allocation": (
        ("ident", "allocation", "Allocation"),
        ("node", "allocation of node", "Allocation for node"),
    ),
    "operation": (("operation", "operation", "Operation"),),
    "image": (("image", "image", "Image"),),
    "share": (("share", "share", "Share"),),
    "snapshot": (("snapshot", "snapshot", "Snapshot"),),
    "access": (("access", "access", "Access rule"),),
    "message": (("message", "message", "Message"),),
}


def admit(route: Route, call: Call) -> None:
    """Let the caller through to the route's controller.

    What a rule says of a resource's owner is judged here, where the path names the
    resource; where the body does, that is left to the controller (`permit`).

    :raises Forbidden: they may not.
    :raises NotFound: they may not even know that there is such a thing.
    """
    policy, rule = call.services.policy, route.policy
    if policy is None or rule is None:
        return
    if policy.ruling(call.identity, rule) is not True:
        _judge(policy, call, rule)
    if rule.all is not None and not policy.allows(call.identity, rule.all):
        if call.identity.project_id is None:
            raise _refused(policy, call, rule.all)
        call.only_of = call.identity.project_id


def permit(call: Call, rule: Rule, target: Target | None = None) -> None:
    """Let the caller go on: a part of the request has a rule of its own.

    Without a `target` it is what the path names.

    :raises Forbidden: they may not.
    """
    policy = call.services.policy
    if policy is None or policy.ruling(call.identity, rule):
        return
    if target is None:
        target = _target(call, rule.of) or {}
    if not policy.allows(call.identity, rule, target):
        raise _refused(policy, call, rule)


def visible_node(call: Call, ident: str) -> tuple[str, Target]:
    """The uuid and the owners of a node that a query or a body names.

    :raises NotFound: there is none that the caller may see.
    """
    return _visible(call, nodes.GET, "node", ident, "Node")


def _judge(policy: Policy, call: Call, rule: Rule) -> None:
    rules = (rule, *rule.parts)
    if rule.of and not call.args and "node" not in call.query and "node_uuid" not in call.query:
        # Nobody knows yet what it is about.
        if any(policy.ruling(call.identity, one) is not False for one in rules):
            return
        raise _refused(policy, call, rule)
    target = _target(call, rule.of) or {}
    if not any(policy.allows(call.identity, one, target) for one in rules):
        raise _refused(policy, call, rule)


def _target(call: Call, of: str) -> Target | None:
    """The owners of what the path, or the query, names; None where it names nothing.

    From here on the request is about this very row, whatever becomes of its name.

    :raises NotFound: there is none that the caller may see.
    """
    for variable, kind, label in _PLACES.get(of, ()):
        ident = call.args.get(variable)
        if ident is None and variable == "node":
            ident = call.query.get("node") or call.query.get("node_uuid")
        if ident is None:
            continue
        uuid, target = _visible(call, _SEE[of], kind, ident, label)
        call.args = {**call.args, variable: uuid}
        return target
    return None


def _visible(call: Call, see: Rule, kind: str, ident: str, label: str) -> tuple[str, Target]:
    policy = call.services.policy
    found = owners(call.services.db, kind, ident, call.identity.project_id)
    if found is None or (policy and not policy.allows(call.identity, see, found[1])):
        raise NotFound(label, ident)
    return found


def _refused(policy: Policy, call: Call, rule: Rule) -> Forbidden:
    asker = call.identity
    roles = ", ".join(sorted(asker.roles)) or "none"
    scope = (
        f"project {asker.project_name or asker.project_id}" if asker.project_id else "no project"
    )
    return Forbidden(
        f"Policy {rule.name} refuses this. It asks for: {policy.text(rule)}. "
        f"Your roles in {'the system' if asker.system_scope else scope}: {roles}."
    )

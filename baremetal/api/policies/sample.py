"""The rules as oslo.policy's tools want them, with the routes that they guard."""

from collections import defaultdict

from oslo_policy.policy import DocumentedRuleDefault, Operation, RuleDefault

from baremetal.api.dialect import DIALECTS
from baremetal.api.policies import RULES, images, shares
from baremetal.api.policies.nodes import GET, SET_PROVISION_STATE, UPDATE
from baremetal.auth.rules import EVERYBODY, Rule

#: Rules that have others below them, for fields or verbs.
_IN_PARTS = (
    GET,
    UPDATE,
    SET_PROVISION_STATE,
    images.UPDATE,
    images.IMPORT,
    shares.GET,
    shares.CREATE,
    shares.GET_QUOTAS,
)


def list_rules() -> list[RuleDefault]:
    """Kinds of callers, then what they may do."""
    guarded = _guarded()
    return [
        *(RuleDefault(who.name, who.check, who.about) for who in EVERYBODY),
        *(
            DocumentedRuleDefault(rule.name, rule.check, rule.about, guarded[rule])
            for rule in RULES
        ),
    ]


def _guarded() -> dict[Rule, list[Operation]]:
    """The routes where each rule counts."""
    found: dict[Rule, list[Operation]] = defaultdict(list)
    for prefix, route in (
        ("" if dialect is DIALECTS[0] else dialect.prefix, route)
        for dialect in DIALECTS
        for route in dialect.routes
    ):
        rule = route.policy
        if rule is None:
            continue
        also = (rule.all,) if rule.all is not None else ()
        for one in (rule, *also, *rule.parts):
            found[one].append({"path": prefix + route.path, "method": route.method})
    for one in RULES:
        if one not in found:
            # What a controller asks once it has read the body.
            whole = next(rule for rule in _IN_PARTS if one.name.startswith(f"{rule.name}:"))
            found[one] = found[whole]
    return found

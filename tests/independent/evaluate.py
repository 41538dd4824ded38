"""What a stack of IAM policies says of one request: an evaluator of its own, written from AWS's documentation alone.

It shares nothing with the program. Sources: IAM User Guide, "Policy evaluation logic", "JSON policy element reference",
"Condition operators", "Multivalued keys", "Policy variables", "How permissions boundaries work". Not all of the language:
what it does not know it refuses (`Unread`), so that it never passes over something in silence.
"""
import ipaddress
import re


class Unread(Exception):
    """Something that this evaluator does not know."""


def listed(value):
    return value if isinstance(value, list) else [value]


def tokens(pattern, context, has_variables):
    """A pattern as (literal, text) and (wildcard, "*" or "?"); None if a variable has no value."""
    out, at = [], 0
    while at < len(pattern):
        end = pattern.find("}", at) if has_variables and pattern.startswith("${", at) else -1
        if end > 0:
            name, _, default = pattern[at + 2:end].partition(", ")
            if name in ("*", "?", "$"):
                text = name
            else:
                values = context.get(name.lower())
                if values is None and default:
                    values = [default.strip("'")]
                if values is None or len(values) != 1:
                    return None
                text = values[0]
            out.append(("literal", text))
            at = end + 1
        else:
            out.append(("wildcard" if pattern[at] in "*?" else "literal", pattern[at]))
            at += 1
    return out


def expression(parts, wild):
    return re.compile("".join({"*": ".*", "?": "."}[text] if wild and kind == "wildcard" else re.escape(text) for kind, text in parts),
                      re.DOTALL)


def like(pattern, text, context=None, has_variables=False, wild=True):
    parts = tokens(pattern, context or {}, has_variables)
    return parts is not None and expression(parts, wild).fullmatch(text) is not None


def arn_like(pattern, arn, context, has_variables):
    """Part by part: a wildcard of one part does not reach into the next."""
    if pattern == "*":
        return True
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    if len(patterns) != 6:
        raise Unread(f"a pattern of fewer than six parts: {pattern}")
    return len(parts) == 6 and all(like(one, part, context, has_variables) for one, part in zip(patterns, parts))


def compares(operator, wanted, value, context, has_variables):
    """Whether one value of a request meets one value of a policy, under the operator without its negation."""
    if operator == "StringEquals":
        return like(wanted, value, context, has_variables, wild=False)
    if operator == "StringLike":
        return like(wanted, value, context, has_variables)
    if operator == "StringEqualsIgnoreCase":
        return like(wanted.lower(), value.lower(), context, has_variables, wild=False)
    if operator in ("ArnEquals", "ArnLike"):
        return arn_like(wanted, value, context, has_variables)
    if operator == "Bool":
        return wanted.lower() == value.lower()
    if operator == "IpAddress":
        address, network = ipaddress.ip_address(value), ipaddress.ip_network(wanted, strict=False)
        return address.version == network.version and address in network
    if operator.startswith("Numeric"):
        left, right = float(value), float(wanted)
        return {"Equals": left == right, "LessThan": left < right, "LessThanEquals": left <= right, "GreaterThan": left > right,
                "GreaterThanEquals": left >= right}[operator.removeprefix("Numeric")]
    raise Unread(operator)


def condition(operator, key, wanted, context, has_variables):
    wanted = [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(wanted)]
    values = context.get(key.lower())
    if operator == "Null":
        return any((one == "true") == (not values) for one in wanted)
    quantifier, _, base = operator.rpartition(":")
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    negated = "Not" in base
    base = base.replace("Not", "")
    holds = lambda value: any(compares(base, one, value, context, has_variables) for one in wanted) != negated
    if quantifier == "ForAllValues":
        return all(holds(value) for value in values or [])
    if quantifier == "ForAnyValue":
        return any(holds(value) for value in values) if values else if_exists
    if not values:
        return if_exists or negated
    if len(values) != 1:
        raise Unread(f"several values of {key} without a set operator")
    return holds(values[0])


def principal_matches(element, request):
    """How a resource policy's principal names who asks: None, "account", "role" or "everybody"."""
    if element == "*":
        return "everybody"
    found = None
    for kind, names in element.items():
        if kind != "AWS":
            continue
        for name in listed(names):
            if name == "*":
                return "everybody"
            if name == request["principal"]:
                found = "role"
            elif name in (request["account"], f"arn:aws:iam::{request['account']}:root"):
                found = found or "account"
    return found


def applies(statement, version, request):
    """Whether a statement applies, the principal aside."""
    context, has_variables = request["context"], version == "2012-10-17"
    element = "Action" if "Action" in statement else "NotAction"
    action = any(like(one.lower(), request["action"].lower()) for one in listed(statement[element]))
    if action == (element == "NotAction"):
        return False
    element = "Resource" if "Resource" in statement else "NotResource"
    resource = any(arn_like(one, request["resource"], context, has_variables) for one in listed(statement[element]))
    if resource == (element == "NotResource"):
        return False
    return all(condition(operator, key, wanted, context, has_variables)
               for operator, keys in statement.get("Condition", {}).items() for key, wanted in keys.items())


def says(policy, request):
    """What an identity policy, a boundary or a control policy says: "Deny", "Allow" or None."""
    effects = {one["Effect"] for one in listed(policy["Statement"]) if applies(one, policy.get("Version"), request)}
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def resource_says(policy, request):
    """What a resource policy says: "Deny", or how it names whom it allows ("everybody", "role", "account"), or None."""
    named = set()
    for statement in listed(policy["Statement"]):
        how = principal_matches(statement["Principal"], request)
        if how and applies(statement, policy.get("Version"), request):
            if statement["Effect"] == "Deny":
                return "Deny"
            named.add(how)
    return next((how for how in ("everybody", "role", "account") if how in named), None)


def allowed(stack, request):
    """Whether a role may do it.

    The stack has `identity` (policies), `boundary` (a policy or None), `scps` and `rcps` (levels of policies, or None: the
    RCPs are those of the resource's account) and `resource`: a policy, None if there is none, "unknown" if nobody knows it.
    """
    identity = [says(one, request) for one in stack["identity"]]
    boundary = says(stack["boundary"], request) if stack["boundary"] else "Allow"
    scps = [[says(one, request) for one in level] for level in stack["scps"] or []]
    rcps = [[says(one, request) for one in level] for level in stack["rcps"] or []]
    same = request["account"] == request["resource_account"]
    known = stack["resource"] if isinstance(stack["resource"], dict) else None
    resource = resource_says(known, request) if known else None
    # Of another account's resource whose policy nobody knows consent is assumed, as the program says.
    consents = resource is not None or (stack["resource"] == "unknown" and not same)
    if "Deny" in [*identity, boundary, resource] or any("Deny" in level for level in scps + rcps):
        return False
    if any("Allow" not in level for level in scps + rcps):
        return False
    if not same:
        return consents and "Allow" in identity and boundary == "Allow"
    if resource == "everybody":
        return True
    if resource == "role":
        return boundary == "Allow"
    return "Allow" in identity and boundary == "Allow"

"""The shapes of the events, as the code announces them, for the rule that holds the template's schemas against them.

Reads Rust by its outlines: the variants of `DomainEvent`, and the JSON that `detail` makes of each. What it does not
understand it refuses, so that a change of form is seen and not passed over.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
EVENTS = "shared/domain/src/event.rs"
DETAILS = "shared/app/src/dispatch.rs"
BUS = "shared/aws/src/bus.rs"

# How a value that `detail` writes ends, and so what it is in JSON. A number is a literal.
STRING = re.compile(r"(\.as_str\(\)|\.message_id\(\)|\border_no)(\.into\(\))?$")
INTEGER = re.compile(r"\d+(\.into\(\))?$")


class NotUnderstood(Exception):
    """The code has another form than this reads."""


def block(text, opening):
    """The text between the brace that ends `opening` and its partner."""
    start = text.find(opening)
    if start < 0:
        raise NotUnderstood(f"no `{opening}`")
    depth, begin = 1, start + len(opening)
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    raise NotUnderstood(f"`{opening}` does not end")


def kind(value):
    if STRING.search(value):
        return "string"
    if INTEGER.match(value):
        return "integer"
    raise NotUnderstood(f"{DETAILS}: what `{value}` is in JSON")


def source():
    """Who announces, as an event on the bus says it."""
    found = re.search(r'pub const SOURCE: &str = "([^"]+)"', (ROOT / BUS).read_text())
    if not found:
        raise NotUnderstood(f"{BUS}: no SOURCE")
    return found.group(1)


def names():
    """Variant of `DomainEvent` → its name on the bus; each variant has one."""
    text = (ROOT / EVENTS).read_text()
    variants = set(re.findall(r"^    ([A-Z]\w+) \{", block(text, "pub enum DomainEvent {"), re.M))
    named = dict(re.findall(r'Self::(\w+) \{ \.\. \} => "(\w+)"', block(text, "pub const fn name(&self) -> &'static str {")))
    if not variants or set(named) != variants:
        raise NotUnderstood(f"{EVENTS}: the names are not those of the variants {sorted(variants)}")
    return named


def shapes():
    """Name on the bus → field → type in JSON, of every event. All fields are always there."""
    text = (ROOT / DETAILS).read_text()
    body = block(text, "fn detail(organization: &OrganizationId, event: &DomainEvent, key: &OutboxKey) -> serde_json::Value {")
    matched = block(body, "let mut detail = match event {")
    common = {field: kind(value) for field, value in re.findall(r'detail\["(\w+)"\] = ([^;]+);', body)}
    found = {}
    for variants, fields in re.findall(r"((?:\|?\s*DomainEvent::\w+ \{[^}]*\}\s*)+)=>\s*\{?\s*serde_json::json!\(\{([^}]*)\}\)", matched):
        own = {field: kind(value.strip()) for field, value in re.findall(r'"(\w+)": ([^,]+?)(?:,|\s*$)', fields)}
        if len(own) != fields.count('":'):
            raise NotUnderstood(f"{DETAILS}: the fields {fields.strip()}")
        for variant in re.findall(r"DomainEvent::(\w+)", variants):
            found[variant] = own | common
    named = names()
    if set(found) != set(named) or not common:
        raise NotUnderstood(f"{DETAILS}: details of {sorted(found)}, not of {sorted(named)}")
    return {named[variant]: fields for variant, fields in found.items()}

"""ComfyUI: every string of every node of a `prompt` graph or a `workflow`, with the part it played.

A text is negative when it reaches a sampler only through inputs named negative; when in doubt it is a prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from indexer.signals.metadata.findings import Role
from indexer.signals.metadata.json_text import Leaf, Pairs, leaves, plain, role_of_key

MAX_NODES = 5_000
_TEXT_KEYS = ("text", "textg", "textl", "string", "value", "clipl", "clipg", "t5xxl", "positive", "wildcardtext")
_MODEL_KEYS = ("ckptname", "unetname", "modelname", "vaename", "clipname", "checkpoint", "controlnetname")
_STRUCTURE = ("classtype", "type", "title", "nodenamefors&r", "id", "name", "label", "localizedname")
_FILES = (".safetensors", ".ckpt", ".pt", ".gguf", ".sft", ".pth", ".bin")


@dataclass(slots=True)
class _Node:
    kind: str
    body: Pairs
    named_negative: bool = False
    feeds: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of input name and the node it comes from."""


def is_prompt_graph(value: Any) -> bool:
    """Tell whether JSON is an API graph: an object of nodes that each name their class."""
    return isinstance(value, Pairs) and any(
        isinstance(node, Pairs) and isinstance(node.get("class_type"), str) for _, node in value
    )


def is_workflow(value: Any) -> bool:
    """Tell whether JSON is a workflow as the editor saves it."""
    if not isinstance(value, Pairs):
        return False
    nodes = value.get("nodes")
    return isinstance(nodes, list) and any(isinstance(node, Pairs) and node.get("type") is not None for node in nodes)


def graph_leaves(value: Pairs) -> Iterator[Leaf]:
    """Yield every string of an API graph; nodes beyond 5,000 keep the role `other`."""
    nodes: dict[str, _Node] = {}
    rest = Pairs()
    for key, body in value:
        kind = body.get("class_type") if isinstance(body, Pairs) else None
        if not isinstance(kind, str) or key in nodes or len(nodes) >= MAX_NODES:
            rest.append((key, body))
            continue
        nodes[key] = _Node(kind, body, _says_negative(body.get("_meta")))
    for node in nodes.values():
        inputs = node.body.get("inputs")
        for place, (name, source) in enumerate(inputs if isinstance(inputs, Pairs) else ()):
            if _is_link(source) and source[0] in nodes:
                node.feeds.append((plain(name), source[0]))
                inputs[place] = (name, None)
    negative = _negative_nodes(nodes)
    for key, node in nodes.items():
        yield from _node_leaves(node, key[:40], is_negative=key in negative)
    yield from leaves(rest)


def workflow_leaves(value: Pairs) -> Iterator[Leaf]:
    """Yield every string of a workflow, notes, titles and unused nodes included."""
    origins: dict[int, str] = {}
    links = value.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, list) and len(link) > 2 and type(link[0]) is int:  # noqa: PLR2004 (link, from, output)
            origins[link[0]] = str(link[1])[:40]
    nodes: dict[str, _Node] = {}
    rest = Pairs((key, inner) for key, inner in value if key not in ("nodes", "links"))
    listed = value.get("nodes")
    for place, body in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(body, Pairs) or len(nodes) >= MAX_NODES:
            rest.append((f"nodes.{place}", body))
            continue
        key = str(body.get("id"))[:40]
        if key in nodes:
            rest.append((f"nodes.{place}", body))
            continue
        node = nodes[key] = _Node(str(body.get("type"))[:80], body, _says_negative(body.get("title")))
        inputs = body.get("inputs")
        for entry in inputs if isinstance(inputs, list) else ():
            if isinstance(entry, Pairs) and type(entry.get("link")) is int and entry.get("link") in origins:
                node.feeds.append((plain(str(entry.get("name"))), origins[entry.get("link")]))
    negative = _negative_nodes(nodes)
    for key, node in nodes.items():
        yield from _node_leaves(node, key, is_negative=key in negative)
    yield from leaves(rest)


def _is_link(value: Any) -> bool:
    """Tell a list of another node and the number of its output."""
    return isinstance(value, list) and [type(part) for part in value[:3]] == [str, int]


def _says_negative(title: Any) -> bool:
    text = title.get("title") if isinstance(title, Pairs) else title
    return isinstance(text, str) and "negative" in text[:200].casefold()


def _negative_nodes(nodes: dict[str, _Node]) -> set[str]:
    """Nodes that are reached through negative inputs, or titled so, and not through positive ones."""
    by_negative = [source for node in nodes.values() for name, source in node.feeds if "negative" in name]
    by_positive = [source for node in nodes.values() for name, source in node.feeds if "positive" in name]
    titled = [key for key, node in nodes.items() if node.named_negative and "text" in node.kind.casefold()]
    return _upstream(nodes, by_negative + titled, "positive") - _upstream(nodes, by_positive, "negative")


def _upstream(nodes: dict[str, _Node], start: list[str], but_not: str) -> set[str]:
    reached: set[str] = set()
    waiting = start
    while waiting:
        key = waiting.pop()
        if key in reached or key not in nodes:
            continue
        reached.add(key)
        waiting.extend(source for name, source in nodes[key].feeds if but_not not in name)
    return reached


def _node_leaves(node: _Node, key: str, *, is_negative: bool) -> Iterator[Leaf]:
    for leaf in leaves(node.body):
        role = _role(node, leaf, is_negative=is_negative)
        yield Leaf(f"{key}.{leaf.path.removeprefix('inputs.')}", leaf.key, leaf.text, role, leaf.name)


def _role(node: _Node, leaf: Leaf, *, is_negative: bool) -> Role:
    kind, key = node.kind[:80].casefold(), plain(leaf.key)
    if key in _STRUCTURE or leaf.path.startswith(("outputs", "properties")):
        return "other"
    if "note" in kind:
        return "note"
    role = role_of_key(leaf.key, "other")
    if role == "lora" or key in _MODEL_KEYS or leaf.text[-20:].casefold().endswith(_FILES):
        return "lora" if role == "lora" or "lora" in kind else "model"
    # The editor saves the values of a node without their names.
    is_values = key == "widgetsvalues" and any(word in kind for word in ("text", "prompt", "string"))
    if not is_values and key not in _TEXT_KEYS and role not in ("prompt", "negative_prompt"):
        return "other"
    return "negative_prompt" if is_negative or role == "negative_prompt" else "prompt"

"""What the strings of a picture tell: the tool, the prompts, the models and LoRAs called, and provenance labels.

1. Strings that hold JSON are opened, API graphs first: their links tell negative prompts from others.
2. The tool is told by names of places and by keys (`_KEY_TOOLS`, `_SOURCE_TOOLS`).
3. Each string, or each part of it, gets a role; what is not understood still comes, with the role `other`.

Everything here is written by the uploader: it is residue or a claim, never proof, and to be escaped where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from indexer.signals.metadata.bounds import PictureProblem, PictureString
from indexer.signals.metadata.c2pa_manifest import Manifest, ManifestReader
from indexer.signals.metadata.findings import (
    MAX_HASHES,
    EmbeddedHash,
    Findings,
    LoraCall,
    PromptString,
    ProvenanceLabel,
    Role,
)
from indexer.signals.metadata.graphs import graph_leaves, is_prompt_graph, is_workflow, workflow_leaves
from indexer.signals.metadata.harvest import PictureText, read_text
from indexer.signals.metadata.infotext import Infotext, parse_infotext
from indexer.signals.metadata.json_text import JsonLoader, JsonRefused, Leaf, Pairs, keys, leaves, plain
from indexer.signals.pixels.images import PictureLimits

MAX_LEAVES = 50_000
MAX_LAYERS = 4
"""How often JSON may stand in a string of JSON, and be opened."""

MAX_INFOTEXTS = 1_000
"""Texts of one picture that are cut into prompt and settings; further ones are kept whole."""

# The more particular first: sites and tools reuse the forms of those below.
_TOOLS = (
    *("novelai", "swarmui", "invokeai", "fooocus", "tensorart", "civitai", "draw_things", "comfyui"),
    *("sdnext", "forge", "a1111"),
)
_SOURCE_TOOLS = {
    "invokeai_metadata": "invokeai",
    "invokeai_graph": "invokeai",
    "invokeai_workflow": "invokeai",
    "sd-metadata": "invokeai",
    "Dream": "invokeai",
    "fooocus_scheme": "fooocus",
    "generation_data": "tensorart",
    "sui_image_params": "swarmui",
}
_KEY_TOOLS = {
    "sui_image_params": "swarmui",
    "sui_extra_data": "swarmui",
    "v4_prompt": "novelai",
    "request_type": "novelai",
    "metadata_version": "fooocus",
    "full_negative_prompt": "fooocus",
    "generation_mode": "invokeai",
    "positive_style_prompt": "invokeai",
    "model_weights": "invokeai",
    "extraMetadata": "civitai",
}
_DRAW_THINGS_KEYS = {"c", "uc", "sampler", "scale", "seed"}
_SOFTWARE = {"novelai": "novelai", "draw things": "draw_things", "comfyui": "comfyui", "fooocus": "fooocus"}
_SOFTWARE |= {"invokeai": "invokeai", "swarmui": "swarmui", "sd.next": "sdnext", "tensor.art": "tensorart"}
_SOFTWARE_PLACES = ("Software", "CreatorTool")
_VOCABULARY = "cv.iptc.org/newscodes/digitalsourcetype/"
_SOURCE_TYPES = (
    *("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "algorithmicMedia"),
    *("composite", "compositeCapture", "dataDrivenMedia", "digitalCreation", "humanEdits", "screenCapture"),
    *("digitalCapture", "computationalCapture", "virtualRecording", "negativeFilm", "positiveFilm", "print"),
)
_PROMPT_PLACES = ("parameters", "prompt", "Prompt", "Dream", "positive_prompt")


@dataclass(frozen=True, slots=True)
class PicturePrompts:
    """Everything the metadata of one picture told; `tool` is None where no generator is recognised.

    `tool` is one of `a1111`, `forge`, `sdnext`, `comfyui`, `swarmui`, `novelai`, `invokeai`, `fooocus`, `tensorart`,
    `civitai`, `draw_things`. Names in `calls` stand among the strings as well, with the role `lora`.
    """

    tool: str | None
    strings: tuple[PromptString, ...]
    calls: tuple[LoraCall, ...]
    hashes: tuple[EmbeddedHash, ...]
    labels: tuple[ProvenanceLabel, ...]
    problems: tuple[PictureProblem, ...]

    def texts(self, role: Role) -> tuple[str, ...]:
        """Return the texts of one role, in order."""
        return tuple(string.text for string in self.strings if string.role == role)


def inspect_picture(
    data: bytes, limits: PictureLimits | None = None, *, hidden: bool = True, manifests: ManifestReader | None = None
) -> PicturePrompts:
    """Read a picture file's metadata and tell what it says; never raises, see `read_text` for bounds and problems."""
    return read_prompts(read_text(data, limits, hidden=hidden, manifests=manifests))


def read_prompts(found: PictureText) -> PicturePrompts:
    """Tell what strings say; never raises.

    Adds the problems `json_too_deep`, `json_too_long`, `too_many_calls`, `too_many_hashes`, `too_many_settings`, and
    those of the bounds.
    """
    reader = _Reader()
    reader.read(found)
    findings = reader.findings
    tool = next((tool for tool in _TOOLS if tool in findings.tools), None)
    problems = tuple(dict.fromkeys((*found.problems, *findings.problems)))
    return PicturePrompts(
        tool,
        tuple(findings.strings),
        tuple(findings.calls),
        tuple(findings.hashes),
        tuple(findings.labels),
        problems,
    )


class _Reader:
    def __init__(self) -> None:
        self.findings = Findings()
        # A workflow repeats the texts of its graph, whose links are plainer.
        self._graph_roles: dict[str, Role] = {}
        self._json_loader = JsonLoader()
        self._leaves = 0
        self._infotexts = 0

    def read(self, found: PictureText) -> None:
        loaded = [(string, self._load(string.text, string.source)) for string in found.strings]
        read = found.manifest is not None and self._manifest(found.manifest)
        for string, _ in loaded:
            self._tools_of_place(string)
        loaded.sort(key=lambda pair: not is_prompt_graph(pair[1]))
        for string, value in loaded:
            self._labels(string, manifest_read=read)
            if value is None:
                self._plain_text(string.text, string.source, _role_of_place(string.source, self.findings.tools))
            else:
                self._json(value, string.source, "other", 1)

    def _load(self, text: str, source: str) -> Any:
        try:
            return self._json_loader.load(text)
        except JsonRefused as refused:
            self.findings.problem(str(refused), source)
            return None

    def _tools_of_place(self, string: PictureString) -> None:
        place = string.source.rpartition(":")[2]
        tools = self.findings.tools
        if place in _SOURCE_TOOLS:
            tools.add(_SOURCE_TOOLS[place])
        if place in _SOFTWARE_PLACES:
            start = string.text[:40].casefold()
            tools.update(tool for name, tool in _SOFTWARE.items() if start.startswith(name))
        if place == "Artist" and string.text == "ai":
            tools.add("civitai")

    def _manifest(self, manifest: Manifest) -> bool:
        """Keep the labels of a signed manifest; tell whether it was read."""
        if manifest.signature is None:
            return False
        for label in (f"signature: {manifest.signature}", *manifest.labels):
            self.findings.label("c2pa", label, "c2pa:manifest")
        for source_type in manifest.source_types:
            self.findings.label("digital_source_type", source_type, "c2pa:manifest")
        return True

    def _labels(self, string: PictureString, *, manifest_read: bool) -> None:
        place = string.source.rpartition(":")[2]
        if place == "AIGC":
            self.findings.label("aigc", string.text, string.source)
        elif place in ("DigitalSourceType", "digitalSourceType"):
            self.findings.label("digital_source_type", string.text, string.source)
        elif place == "c2pa" and not manifest_read:
            self.findings.label("c2pa", "", string.source)
            _, vocabulary, rest = string.text.partition(_VOCABULARY)
            # The next word of a manifest may follow without a gap.
            known = [code for code in _SOURCE_TYPES if rest.startswith(code)]
            if known:
                self.findings.label("digital_source_type", vocabulary + max(known, key=len), string.source)

    def _json(self, value: Any, source: str, role: Role, layer: int) -> None:
        is_graph = is_prompt_graph(value)
        is_editors = not is_graph and is_workflow(value)
        known = graph_leaves(value) if is_graph else workflow_leaves(value) if is_editors else None
        names = keys(value)
        self._tools_of_keys(names, value, source)
        if known is None:
            known = leaves(self._without_graphs(value, source, layer), role)
        else:
            self.findings.tools.add("comfyui")
        for leaf in known:
            if not leaf.text:
                continue
            self._leaves += 1
            if self._leaves > MAX_LEAVES or self.findings.full:
                self.findings.problem("too_many_strings", source)
                break
            place = f"{source}:{leaf.path}" if leaf.path else source
            role = leaf.role
            if is_graph and (role == "prompt" or leaf.text not in self._graph_roles):
                self._graph_roles[leaf.text] = role
            elif is_editors and role == "prompt" and self._graph_roles.get(leaf.text) == "negative_prompt":
                role = "negative_prompt"
            self._leaf(leaf, role, place, layer)
        self.findings.add("\n".join(names), f"{source}:keys")

    def _without_graphs(self, value: Any, source: str, layer: int) -> Any:
        """Read the graphs that stand beside other fields of an object by themselves, and return what is left."""
        if not isinstance(value, Pairs) or layer >= MAX_LAYERS:
            return value
        graphs = [(key, inner) for key, inner in value if is_prompt_graph(inner) or is_workflow(inner)]
        for key, inner in graphs:
            self._json(inner, f"{source}:{key[:80]}", "other", layer + 1)
        return Pairs(pair for pair in value if not (is_prompt_graph(pair[1]) or is_workflow(pair[1])))

    def _tools_of_keys(self, names: list[str], value: Any, source: str) -> None:
        tools = self.findings.tools
        tools.update(_KEY_TOOLS[name] for name in names if name in _KEY_TOOLS)
        if set(names) >= _DRAW_THINGS_KEYS:
            tools.add("draw_things")
        software = value.get("Software") if isinstance(value, Pairs) else None
        if isinstance(software, str) and software.startswith("NovelAI"):
            tools.add("novelai")
        label = value.get("AIGC") if isinstance(value, Pairs) else None
        if label is not None:
            text = label if isinstance(label, str) else ", ".join(f"{leaf.key}: {leaf.text}" for leaf in leaves(label))
            self.findings.label("aigc", text, source)

    def _leaf(self, leaf: Leaf, role: Role, source: str, layer: int) -> None:
        if "novelai" in self.findings.tools and leaf.key == "Description":
            role = "prompt"
        if "draw_things" in self.findings.tools and leaf.key == "c":
            role = "prompt"
        if "hash" in plain(leaf.key):
            self.findings.add_hash(_hashed(leaf), leaf.name, leaf.text, source)
            role = "other"
        inner = self._load(leaf.text, source) if layer < MAX_LAYERS else None
        if isinstance(inner, list) and inner:
            self._json(inner, source, role if role != "note" else "other", layer + 1)
        else:
            # A text known for a prompt is not cut at marks that whoever wrote it could put there.
            self._plain_text(leaf.text, source, role, split=role == "other")

    def _plain_text(self, text: str, source: str, role: Role, *, split: bool = True) -> None:
        if source.endswith(":Dream") and text.startswith('"'):
            self._dream(text, source)
            return
        info = self._infotext(text, source) if split and role in ("other", "prompt") else None
        if info is None:
            self.findings.add(text, source, role)
            return
        prompt, negative = info.prompt, info.negative_prompt
        if "draw_things" in self.findings.tools and not negative:
            # Its description has the negative prompt behind a dash, on a line of its own.
            prompt, _, negative = prompt.partition("\n-")
        self.findings.add(prompt, source, "prompt")
        self.findings.add(negative, f"{source}:negative", "negative_prompt")
        if info.settings_text:
            self.findings.add(info.settings_text, f"{source}:settings")
            self._settings(info, source)

    def _infotext(self, text: str, source: str) -> Infotext | None:
        if self._infotexts >= MAX_INFOTEXTS:
            self.findings.problem("too_many_settings", source)
            return None
        info = parse_infotext(text)
        self._infotexts += info is not None
        return info

    def _settings(self, info: Infotext, source: str) -> None:
        self.findings.tools.add("a1111")
        for key, value in info.settings:
            place, word = f"{source}:{key}", plain(key)
            self.findings.tools.update(_tools_of_setting(word, value[:40].casefold()))
            if "negativeprompt" in word:
                self.findings.add(value, place, "negative_prompt")
            elif "prompt" in word:
                self.findings.add(value, place, "prompt")
            elif word in ("model", "refiner", "vae"):
                self.findings.add(value, place, "model")
            elif "hash" in word and not value.startswith("{"):
                self._hash_list(key, value, place)
            elif value.startswith(("{", "[")):
                inner = self._load(value, place)
                if inner:
                    self._json(Pairs([(key, inner)]), source, "other", 2)

    def _hash_list(self, key: str, value: str, source: str) -> None:
        """Read `Model hash: abc` and `Lora hashes: "name: abc, other: def"`."""
        role: Role = "lora" if "lora" in plain(key) else "model" if "model" in plain(key) else "other"
        parts = value.split(",", MAX_HASHES)
        if len(parts) > MAX_HASHES:
            self.findings.problem("too_many_hashes", source)
        for part in parts[:MAX_HASHES]:
            name, colon, digest = part.rpartition(":")
            self.findings.add_hash(role, name.strip(), digest, source)
            if role == "lora" and colon:
                self.findings.add(name.strip(), source, "lora")

    def _dream(self, text: str, source: str) -> None:
        """Read `"prompt [negative]" -s 50 …`."""
        end = text.rfind('"')
        prompt, negative = [], []
        for part in text[1 : end if end > 0 else len(text)].split("["):
            inner, closed, rest = part.partition("]")
            if closed:
                negative.append(inner)
            prompt.append(rest if closed else part)
        self.findings.add("".join(prompt), source, "prompt")
        self.findings.add(", ".join(negative), f"{source}:negative", "negative_prompt")
        self.findings.add(text[end + 1 :] if end > 0 else "", f"{source}:settings")


def _tools_of_setting(word: str, value: str) -> list[str]:
    if word.startswith("civitai"):
        return ["civitai"]
    if word not in ("version", "app"):
        return []
    if value.startswith(("f1", "f2", "forge", "neo")):
        return ["forge"]
    return [tool for name, tool in _SOFTWARE.items() if value.startswith(name)]


def _hashed(leaf: Leaf) -> Role:
    if leaf.name.casefold().startswith("lora:"):
        return "lora"
    return "model" if leaf.name == "model" else leaf.role


def _role_of_place(source: str, tools: set[str]) -> Role:
    place = source.rpartition(":")[2]
    if place in _PROMPT_PLACES and source.startswith("png:"):
        return "prompt"
    if "novelai" in tools and place in ("Description", "ImageDescription"):
        return "prompt"
    return "negative_prompt" if place.casefold() in ("negative prompt", "negative_prompt") else "other"

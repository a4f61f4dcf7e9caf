"""Graphs and workflows: which texts of their nodes are prompts, which negative ones, which neither."""

from __future__ import annotations

from tests.unit.indexer.signals.metadata.written import GRAPH, NEGATIVE, PROMPT, WORKFLOW, found, node


def test_notes_of_a_graph_and_of_a_workflow_are_notes() -> None:
    assert found(("png:tEXt:prompt", GRAPH)).texts("note") == ("made after the real one",)
    assert found(("png:tEXt:workflow", WORKFLOW)).texts("note") == ("made after the real one",)


def test_every_lora_of_a_graph_is_named() -> None:
    assert set(found(("png:tEXt:prompt", GRAPH)).texts("lora")) >= {"juno v2.safetensors", "feather.safetensors"}


def test_a_text_that_reaches_both_inputs_counts_as_a_prompt() -> None:
    graph = {"1": node("CLIPTextEncode", text="heron"), "2": node("KSampler", positive=["1", 0], negative=["1", 0])}
    assert found(("png:tEXt:prompt", graph)).texts("prompt") == ("heron",)


def test_a_text_given_directly_to_a_negative_input_is_negative() -> None:
    told = found(("png:tEXt:prompt", {"1": node("Efficient Loader", positive="heron", negative="crow")}))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("heron",), ("crow",))


def test_the_negative_text_of_a_graph_is_negative_wherever_it_stands_again() -> None:
    stray = {"nodes": [{"id": 1, "type": "ShowText", "widgets_values": [NEGATIVE]}]}
    told = found(("png:tEXt:workflow", stray), ("png:tEXt:prompt", GRAPH))
    assert set(told.texts("prompt")) == {PROMPT}
    assert told.texts("negative_prompt") == (NEGATIVE, NEGATIVE)


def test_writing_a_prompt_once_more_as_negative_does_not_hide_it() -> None:
    graph = {
        "1": node("CLIPTextEncode", text="heron"),
        "2": node("CLIPTextEncode", text="heron"),
        "3": node("KSampler", positive=["2", 0], negative=["1", 0]),
    }
    editors = {"nodes": [{"id": 1, "type": "CLIPTextEncode", "widgets_values": ["heron"]}]}
    told = found(("png:tEXt:prompt", graph), ("png:tEXt:workflow", editors))
    assert (told.texts("prompt"), told.texts("negative_prompt")) == (("heron", "heron"), ("heron",))


def test_marks_within_the_text_of_a_node_do_not_make_it_negative() -> None:
    text = "crow\nNegative prompt: heron"
    assert found(("png:tEXt:prompt", {"1": node("CLIPTextEncode", text=text)})).texts("prompt") == (text,)


def test_graphs_with_loops_and_links_to_nowhere_are_read() -> None:
    graph = {"1": node("A", negative=["2", 0], x=["9", 0]), "2": node("CLIPTextEncode", text="crow", negative=["1", 0])}
    assert found(("png:tEXt:prompt", graph)).texts("negative_prompt") == ("crow",)

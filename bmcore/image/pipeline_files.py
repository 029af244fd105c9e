"""Which files of a text-to-image pipeline are needed, and whether it is safe to open them.

Only known classes of diffusers and transformers, only safetensors, json and word lists; a pipeline that brings code is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmcore.errors import ModelError
from bmcore.image.pipeline_source import Folder, Header, Source, damaged, source_of, unreachable

LORA_FILE = "pytorch_lora_weights.safetensors"  # as diffusers names it
PIPELINES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline")
LIBRARIES = ("diffusers", "transformers", "stable_diffusion")  # the last is how diffusers names its own safety checker
_CLIP = {"CLIPTextModel", "CLIPTextModelWithProjection"}
_WORDS = {"CLIPTokenizer", "CLIPTokenizerFast"}
COMPONENTS = {
    "unet": {"UNet2DConditionModel"}, "transformer": {"SD3Transformer2DModel"}, "vae": {"AutoencoderKL"},
    "text_encoder": _CLIP, "text_encoder_2": _CLIP, "text_encoder_3": {"T5EncoderModel"},
    "tokenizer": _WORDS, "tokenizer_2": _WORDS, "tokenizer_3": {"T5Tokenizer", "T5TokenizerFast"},
    "safety_checker": {"StableDiffusionSafetyChecker"}, "feature_extractor": {"CLIPImageProcessor", "CLIPFeatureExtractor"},
    "image_encoder": {"CLIPVisionModelWithProjection"},
}
WEIGHTED = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3", "safety_checker", "image_encoder")
_SCHEDULER = re.compile(r"[A-Z][A-Za-z0-9]{2,60}Scheduler")
_WEIGHTS = re.compile(r"(diffusion_pytorch_model|model)(?:\.([A-Za-z0-9_]+))?(-\d{5}-of-\d{5})?\.safetensors")
_SMALL = (".json", ".txt", ".model")
_CODE = ("auto_map", "custom_pipeline", "custom_pipelines", "trust_remote_code")
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".msgpack", ".h5")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that was looked at and may be opened; nothing of its weights is fetched yet."""

    source: Source
    kind: str  # class of diffusers
    components: tuple[str, ...]
    variant: str | None  # "fp16" where the files of half the size are taken

    @property
    def denoiser(self) -> str:
        return "transformer" if "transformer" in self.components else "unet"

    def weights(self, component: str) -> list[str]:
        """Paths of the component's weights."""
        return _variants(self.source, component)[self.variant]

    def headers(self) -> dict[str, Header]:
        """Names, types and shapes of all weights by component."""
        found: dict[str, Header] = {}
        for component in self.components:
            if component in WEIGHTED:
                parts = [_asked(self.source, self.source.header, path) for path in self.weights(component)]
                found[component] = {name: entry for part in parts for name, entry in part.items()}
        return found

    def config(self, component: str) -> dict[str, Any]:
        return _asked(self.source, self.source.document, f"{component}/config.json")

    def download_bytes(self) -> int:
        """What `fetch` may bring over the network; 0 for a folder."""
        if isinstance(self.source, Folder):
            return 0
        return sum(self.source.files[path] for path in _needed(self.source, self.components, self.variant))

    def fetch(self) -> Path:
        """The local folder, downloaded if need be and checked file by file."""
        paths = ["model_index.json", *_needed(self.source, self.components, self.variant)]
        folder = _asked(self.source, self.source.fetch, paths)
        _check_documents(folder, paths, self.source.name)
        return folder


def look(model: str, revision: str | None, half: bool) -> Pipeline:
    """What a hub id or folder holds, without fetching its weights.

    Parameters
    ----------
    half : bool
        Take 16-bit files where the pipeline has them.

    Raises
    ------
    ModelError
        If it is nowhere, is no pipeline of a known kind, is not safetensors, or wants to run its own code.
    """
    source = source_of(model, revision)
    if any(path.endswith(".py") for path in source.files):
        raise _brings_code(source.name, "*.py")
    index = _asked(source, source.document, "model_index.json")
    kind, components = _read_index(index, source.name)
    return Pipeline(source, kind, components, _choose(source, components, half))


def _asked(source: Source, ask: Any, argument: Any) -> Any:
    """The hub may fail at any request, and always with the same sentences."""
    try:
        return ask(argument)
    except ModelError:
        raise
    except Exception as error:
        raise unreachable(source.name, source.commit, error) from error


def _brings_code(name: str, what: str) -> ModelError:
    return ModelError(
        "The model in {folder} wants to run its own program code ({what}). That is never done: choose another model.",
        folder=name, what=what[:80],
    )


def _read_index(index: dict[str, Any], name: str) -> tuple[str, tuple[str, ...]]:
    """Class of the pipeline and the components that are there."""
    kind = index.get("_class_name")
    if foreign := next((key for key in _CODE if key in index), None):
        raise _brings_code(name, foreign)
    if isinstance(kind, list):
        raise _brings_code(name, f"_class_name {kind}")
    if kind not in PIPELINES:
        raise ModelError(
            "The model in {folder} is a {kind}; TextToImage opens {known}. Choose a model of the Stable Diffusion class.",
            folder=name, kind=str(kind)[:80], known=", ".join(PIPELINES),
        )
    components = tuple(part for part, entry in index.items() if isinstance(entry, list) and _present(part, entry, name))
    denoiser = "transformer" if kind == "StableDiffusion3Pipeline" else "unet"
    for part in (denoiser, "vae", "text_encoder", "tokenizer", "scheduler"):
        if part not in components:
            raise ModelError("The model in {folder} has no {part}. Fetch or export it again.", folder=name, part=part)
    return kind, components


def _present(part: str, entry: list, name: str) -> bool:
    """Whether the component is there; an unknown library, class or component is refused."""
    if entry == [None, None]:
        return False
    known = len(entry) == 2 and all(isinstance(word, str) for word in entry) and entry[0] in LIBRARIES
    if known and part == "scheduler":
        known = entry[0] == "diffusers" and _SCHEDULER.fullmatch(entry[1]) is not None
    elif known:
        known = entry[1] in COMPONENTS.get(part, ())
    if not known:
        raise _brings_code(name, f"{part}: {entry}")
    return True


def _variants(source: Source, component: str) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for path in sorted(source.files):
        folder, _, file = path.rpartition("/")
        if folder == component and (match := _WEIGHTS.fullmatch(file)):
            found.setdefault(match[2], []).append(path)
    return found


def _choose(source: Source, components: tuple[str, ...], half: bool) -> str | None:
    """Files of half the size where asked for and there, else the plain ones; every component must have them."""
    have = [set(_variants(source, part)) for part in components if part in WEIGHTED]
    common = set.intersection(*have)
    for variant in ("fp16", None) if half else (None, "fp16"):
        if variant in common:
            return variant
    pickled = sorted(path for path in source.files if path.endswith(_PICKLED))
    raise ModelError(
        "The model in {folder} has not all its weights as safetensors (found: {found}). "
        "Only safetensors are opened, since other formats can run code.",
        folder=source.name, found=", ".join(pickled[:5]) or "-",
    )


def _needed(source: Source, components: tuple[str, ...], variant: str | None) -> list[str]:
    small = [path for path in source.files if path.rpartition("/")[0] in components and path.endswith(_SMALL)]
    return small + [path for part in components if part in WEIGHTED for path in _variants(source, part)[variant]]


def _check_documents(folder: Path, paths: list[str], name: str) -> None:
    """Every document is an object that names no code, and shards lie beside their index."""
    from bmcore.assets.weights import header
    from bmcore.image.pipeline_source import read_document

    for path in paths:
        if path.endswith(".safetensors"):
            header(folder / path)
        if not path.endswith(".json"):
            continue
        if Path(path).name == "vocab.json":  # words to numbers, any word may be a key
            continue
        found = read_document(folder / path, name)
        if foreign := next((key for key in _CODE if key in found), None):
            raise _brings_code(name, f"{path}: {foreign}")
        shards = found.get("weight_map", {})
        if not isinstance(shards, dict) or any(not isinstance(file, str) or not _WEIGHTS.fullmatch(file) for file in shards.values()):
            raise damaged(path, name)

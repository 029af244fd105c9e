"""What a run that learns to make pictures may be asked for, and its result in a line."""

from __future__ import annotations

from typing import Any

from bmcore import params
from bmcore.errors import DataError, ParameterError
from bmcore.messages import Message
from bmcore.runs import asked

NO_MEMORY = Message(
    "The memory of this machine is too small for this run. Choose a smaller image_size or batch_size, or give fewer pictures."
)
ROLES = ()  # pictures have no columns: a class is the folder that a picture lies in
MODELS = ("Diffusion", "GAN")
_SPLIT = {"test": 0.15, "seed": 0}
_SPLIT_TAKES = {"test": (params.Range(0.01, 0.5),), "seed": (params.Range(0, 2**31 - 1),)}
_KEEP = params.Range(1, 100_000)
_LONGEST = 255  # characters of a class


def entries(request: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """The entries of a spec that only this task has, checked.

    Raises
    ------
    ParameterError, DataError
        If the request cannot be meant.
    """
    if request.get("estimator") not in MODELS:
        raise ParameterError(
            "{estimator} cannot be trained by a run. The models that learn to make pictures are: {known}.",
            estimator=str(request.get("estimator"))[:80], known=", ".join(MODELS),
        )
    if request.get("choose"):
        raise ParameterError("There is no number of groups to choose where pictures are made. Leave choose out.")
    own = {"columns": columns(request.get("columns")), "split": asked.split(request, preset, _SPLIT, _SPLIT_TAKES)}
    wanted = prove(request.get("prove"))
    return {**own, "prove": wanted} if wanted else own


def columns(given: Any) -> dict[str, Any]:
    """Nothing: pictures have no columns."""
    for name in given if isinstance(given, dict) else {}:
        raise DataError(
            "Pictures have no columns, so {name!r} has no meaning here. What a picture shows is the name of the folder that it lies in.",
            name=str(name)[:60],
        )
    return {}


def of_sample(sample: Any, given: dict[str, Any]) -> dict[str, Any]:
    """`given`: a sample of pictures has no columns to add."""
    return given


def names(columns: dict[str, Any]) -> tuple[str, ...]:
    """The columns of a table that have to be kept: none."""
    return ()


def prove(given: Any) -> dict[str, Any] | None:
    """Which class to make more of and how many of its pictures may be learned from, or None.

    Raises
    ------
    ParameterError
        If it says anything else.
    """
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) != {"class", "keep"}:
        raise ParameterError(
            "prove takes a class and how many of its pictures to keep, such as {example}.", example='{"class": "3", "keep": 25}'
        )
    rare, keep = given["class"], given["keep"]
    if isinstance(rare, bool) or not isinstance(rare, str | int) or not 0 < len(str(rare)) <= _LONGEST:
        raise ParameterError("The class to prove cannot be {value}: give the name of a class.", value=repr(rare)[:80])
    if not _KEEP.takes(keep):
        raise ParameterError("{name} cannot be {value}: it takes {allowed}.", name="keep", value=repr(keep)[:80], allowed=_KEEP.allowed())
    return {"class": str(rare), "keep": int(keep)}


def title(spec: dict[str, Any], data: Message) -> Message:
    """What was learned from what."""
    wanted = spec.get("prove")
    if spec.get("scenario") == "more_pictures" and isinstance(wanted, dict):
        return Message("More pictures of {class_name}", class_name=str(wanted.get("class")))
    return Message("Pictures like those of {data}", data=data)


def headline(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The result in a line."""
    return asked.headline(evaluation, "PCA + Gaussian")


def model_class(spec: dict[str, Any]) -> type:
    """What opens the saved model."""
    from bmcore.serve.picture_model import PictureModel

    return PictureModel

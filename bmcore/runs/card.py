"""The card of a model that writes: what it is worth, what it learned from, and what it must not be used for."""

from __future__ import annotations

from typing import Any

from bmcore import i18n
from bmcore.data import refs, samples
from bmcore.messages import Message
from bmcore.runs.store import Run

SCRATCH = "scratch"
_HEAD = "---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n"
_USE = '''```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("model"), AutoModelForCausalLM.from_pretrained("model")
begin = tokenizer(tokenizer.eos_token + "", return_tensors="pt")
print(tokenizer.decode(model.generate(**begin, max_new_tokens=120, do_sample=True, temperature=0.8, top_p=0.95)[0]))
```'''
LIMITS = (
    Message("It goes on in the manner of the texts it learned from. It knows no facts: names, figures and promises in what it writes are "
            "made up."),
    Message("Do not publish what it writes as reviews, ratings or statements of real customers. That misleads people and is unlawful in "
            "many countries."),
    Message("A person reads every draft before anybody else does."),
    Message("It may repeat pieces of the texts it learned from, also what is private in them. Give it away only if you could give those "
            "away."),
    Message("It has the mistakes, the language and the prejudices of those texts, and nothing was done to filter what it writes."),
)


def card(run: Run, language: str = "en") -> str:
    """Markdown with the verdict, the figures, where the data come from, and the limits.

    Parameters
    ----------
    run : Run
        Done, of the task generation.
    language : str
        "en" or "zh".
    """

    def _(text: Any, **values: Any) -> str:
        return i18n.translate(text, language, **values)

    found, spec = run.evaluation, run.spec
    parts = [
        f"# {_line(_(run.title()))}",
        _line(_(Message.from_dict(found["verdict"]["message"]))),
        f"## {_('What it is worth')}",
        _table(found, _),
        _("Bits a byte: how much the model still has to be told to know texts it has not seen. Less is better. The interval holds 95 %."),
        f"## {_('What it learned from')}",
        "\n".join(f"- {line}" for line in _data(spec, found, _)),
        f"## {_('Limits')}",
        "\n".join(f"- {_(limit)}" for limit in LIMITS),
        f"## {_('How to use it')}",
        _("The folder model opens in plain transformers, without bmcore:"),
        _USE,
        f"## {_('How it was made')}",
        "\n".join(f"- {line}" for line in _made(run, _)),
    ]
    return _HEAD + "\n" + "\n\n".join(parts) + "\n"


def _table(found: dict[str, Any], _) -> str:
    rows = [["", _("bits a byte"), _("copied in long pieces")], ["---"] * 3]
    for entry in (found["model"], *found["baselines"]):
        rows.append([_line(entry["name"]), _span(entry.get("bits_per_byte")), _span((entry.get("copied") or {}).get("share_over_50"))])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _data(spec: dict[str, Any], found: dict[str, Any], _) -> list[str]:
    data = spec["data"]
    sample = samples.SAMPLES.get(str(data.get("name"))) if data.get("kind") == "sample" else None
    lines = [
        _line(_(refs.title(data))),
        _("{n:,} texts to learn from, {all:,} held out to judge it.", n=found.get("n_train") or 0, all=found.get("n_test") or 0),
        _("The texts themselves are not in this folder. The list of tokens in it was learned from them."),
    ]
    if spec["params"].get("model") != SCRATCH:
        lines[2] = _("The texts themselves are not in this folder.")
        lines.append(_(
            "It began as {model}: the licence and the terms of that model hold for this one, too.",
            model=_line(str(spec["params"].get("model")).rsplit("/", 1)[-1]),
        ))
    if sample is not None:
        return [*lines, _("Licence of the texts: {licence}. Source: {source}.", licence=sample.licence, source=sample.source)]
    unknown = _("Licence of the texts: whoever gave them knows it. Without the right to use them, this model must not be given away.")
    return [*lines, unknown]


def _made(run: Run, _) -> list[str]:
    spec = run.spec
    settings = ", ".join(f"{name}={_line(repr(value))}" for name, value in spec["params"].items() if value is not None and name != "model")
    versions = ", ".join(f"{name} {found}" for name, found in spec["versions"].items() if name in ("bmcore", "torch", "transformers"))
    return [
        _("Run {id}, {seconds:.0f} seconds.", id=run.id, seconds=run.seconds or 0.0),
        f"{spec['estimator']}: {settings}",
        versions,
        _("script.py does it again on a computer that has the texts."),
    ]


def _span(score: Any) -> str:
    if not score or score.get("value") is None:
        return "-"
    if score.get("low") is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({score['low']:.3f} - {score['high']:.3f})"


def _line(text: Any) -> str:
    """Others' words on one line, without the signs that Markdown and HTML would read."""
    return "".join("\\" + letter if letter in "\\`*_[]<>|#" else letter if letter.isprintable() else " " for letter in str(text))

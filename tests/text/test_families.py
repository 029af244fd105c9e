"""Any transformers sequence classifier: the same promises for every architecture, whatever its layers, padding and pooling are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bmcore import TextClassifier
from bmcore.errors import Cancelled, ModelError

SIZE = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 64}
DECODER = SIZE | {"num_key_value_heads": 2, "head_dim": 8}

# name -> (model class, config class, config, padding token and its id; None for a tokenizer without one)
FAMILIES: dict[str, tuple[str, str, dict[str, Any], int | None]] = {
    "bert": ("BertModel", "BertConfig", SIZE, 0),
    "roberta": ("RobertaForMaskedLM", "RobertaConfig", SIZE | {"type_vocab_size": 1, "pad_token_id": 1}, 1),
    "xlm-roberta": ("XLMRobertaForMaskedLM", "XLMRobertaConfig", SIZE | {"type_vocab_size": 1, "pad_token_id": 1}, 1),
    "distilbert": ("DistilBertForMaskedLM", "DistilBertConfig",
                   {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": 64}, 0),
    "albert": ("AlbertForMaskedLM", "AlbertConfig", SIZE | {"embedding_size": 16}, 0),
    "albert-groups": ("AlbertModel", "AlbertConfig", SIZE | {"embedding_size": 16, "num_hidden_layers": 4, "num_hidden_groups": 2}, 0),
    "electra": ("ElectraForPreTraining", "ElectraConfig", SIZE | {"embedding_size": 16}, 0),
    "deberta-v2": ("DebertaV2Model", "DebertaV2Config", SIZE | {
        "relative_attention": True, "position_buckets": 16, "pos_att_type": "p2c|c2p", "norm_rel_ebd": "layer_norm", "share_att_key": True,
        "position_biased_input": False, "type_vocab_size": 0, "pooler_hidden_size": 32}, 0),
    "deberta-v2-conv": ("DebertaV2Model", "DebertaV2Config", SIZE | {
        "relative_attention": True, "pos_att_type": "p2c|c2p", "conv_kernel_size": 3, "type_vocab_size": 0, "pooler_hidden_size": 32}, 0),
    "mpnet": ("MPNetForMaskedLM", "MPNetConfig", SIZE | {"pad_token_id": 1}, 1),
    "modernbert": ("ModernBertForMaskedLM", "ModernBertConfig", SIZE | {
        "pad_token_id": 0, "bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "global_attn_every_n_layers": 2,
        "local_attention": 8}, 0),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64}, None),
    "llama": ("LlamaForCausalLM", "LlamaConfig", DECODER, None),
    "qwen3": ("Qwen3Model", "Qwen3Config", DECODER, None),
    "fnet": ("FNetModel", "FNetConfig", {"hidden_size": 32, "num_hidden_layers": 3, "intermediate_size": 48, "pad_token_id": 0,
                                         "max_position_embeddings": 64}, 0),
    "xlnet": ("XLNetModel", "XLNetConfig", {"d_model": 32, "n_layer": 3, "n_head": 4, "d_inner": 48, "pad_token_id": 0}, 0),
}


def build(name: str, words: list[str], folder: Path) -> Path:
    """Write a checkpoint of that family, without a classification head, into `folder`."""
    import torch
    import transformers

    model, config, settings, pad = FAMILIES[name]
    tokenizer = _tokenizer(name, words, pad)
    torch.manual_seed(0)
    made = getattr(transformers, config)(vocab_size=len(tokenizer), initializer_range=0.2, **settings)
    getattr(transformers, model)(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(name: str, words: list[str], pad: int | None) -> Any:
    """Encoders: <s> text </s>. Decoders: bare text (gpt2), <s> text (llama), text </s> (qwen3); they have no padding token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>", "<mask>"]
    special.insert(4 if pad is None else pad, "<pad>")
    vocabulary = [*(special if pad is not None else special[:4]), *words]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(vocabulary)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    form = {"gpt2": "$A", "llama": "<s> $A", "qwen3": "$A </s>", "xlnet": "$A </s> <s>"}.get(name, "<s> $A </s>")
    ends = [(one, vocabulary.index(one)) for one in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing(single=form, special_tokens=ends)
    roles = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    if pad is not None:
        roles |= {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    side = "left" if name in ("xlnet", "llama", "gpt2") else "right"
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, padding_side=side, **roles)


WHOLE = {"albert", "xlnet"}  # cannot be trained in their top layers alone
ODD = ["", " ", "unheard of", "parcel " * 200]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, words, tmp_path_factory):
    return request.param, build(request.param, words, tmp_path_factory.mktemp(request.param))


def quick(folder, **changes):
    return TextClassifier(model=str(folder), **({"epochs": 1, "batch_tokens": 256, "device": "cpu", "early_stopping": False} | changes))


def silent(*_, **__):
    pass


@pytest.mark.parametrize("layers", ["auto", 2, "all"])
def test_every_promise(layers, family, texts, tmp_path):
    name, folder = family
    held = texts(30, seed=1)
    classifier = quick(folder, trainable_layers=layers).fit(*texts(60), validation=held, report=silent)
    expected = {"auto": 0, "all": "all", 2: "all" if name in WHOLE else 2}[layers]
    assert classifier.layers_ == expected
    assert any("cannot be trained in its top layers" in str(note) for note in classifier.notes_) == (layers == 2 and name in WHOLE)
    chances = classifier.predict_proba(given := held[0] + ODD)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    truth = np.searchsorted(classifier.classes_.astype(str), held[1])
    loss = -np.log(chances[np.arange(30), truth]).mean()
    assert loss == pytest.approx(classifier.history_[-1]["dev_loss"], abs=1e-4)  # the model kept is the model that was trained
    for answer in (classifier.predict_proba, classifier.embed):
        np.testing.assert_allclose(answer(given), np.vstack([answer([text]) for text in given]), atol=1e-5)
    opens_elsewhere(classifier, given, tmp_path / "model")
    if expected != 0:
        resumes(classifier, texts(60), held, given, tmp_path / "checkpoints")


def opens_elsewhere(classifier, given, folder):
    from transformers import pipeline

    chances = classifier.predict_proba(given)
    np.testing.assert_allclose(TextClassifier.load(classifier.save(folder)).predict_proba(given), chances, atol=1e-6)
    found = pipeline("text-classification", model=str(folder), device="cpu")(given[:8])
    assert [entry["label"] for entry in found] == classifier.predict(given[:8]).tolist()
    np.testing.assert_allclose([entry["score"] for entry in found], chances[:8].max(1), atol=1e-5)


def resumes(whole, rows, held, given, folder):
    def stop(step, total, *, phase, **_):
        if phase == "train" and step == 2:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        TextClassifier(**whole.get_params()).fit(*rows, validation=held, report=stop, checkpoints=folder)
    resumed = TextClassifier(**whole.get_params()).fit(*rows, validation=held, report=silent, checkpoints=folder)
    assert "goes on from step 2" in " ".join(map(str, resumed.notes_))
    np.testing.assert_allclose(resumed.predict_proba(given), whole.predict_proba(given), atol=1e-6)


def test_layers_in_groups_are_not_split(texts, words, tmp_path):
    """ALBERT runs each of its groups several times: a cached prefix would be wrong."""
    folder = build("albert-groups", words, tmp_path)
    classifier = quick(folder, trainable_layers=1).fit(*texts(60), report=silent)
    assert classifier.layers_ == "all"
    assert "cannot be trained in its top layers" in str(classifier.notes_[-1])


def test_position_weights_of_all_layers_stay_frozen(texts, words, tmp_path):
    """DeBERTa's relative positions serve the frozen layers too, whose activations are cached."""
    folder = build("deberta-v2", words, tmp_path)
    before, after = (quick(folder, trainable_layers=layers, learning_rate=1e-2).fit(*texts(60), report=silent)._network.model
                     for layers in (0, 1))
    for part in ("embeddings", "encoder.rel_embeddings", "encoder.LayerNorm", "encoder.layer.0", "encoder.layer.1"):
        pairs = zip(before.deberta.get_submodule(part).parameters(), after.deberta.get_submodule(part).parameters(), strict=True)
        assert all(bool((one == other).all()) for one, other in pairs), part
    assert not bool((before.deberta.encoder.layer[2].output.dense.weight == after.deberta.encoder.layer[2].output.dense.weight).all())


def test_a_model_whose_scores_come_from_elsewhere_is_refused_in_a_sentence(words, tmp_path, monkeypatch):
    from transformers import BertForSequenceClassification

    forward = BertForSequenceClassification.forward

    def scaled(self, *args, **kwargs):
        found = forward(self, *args, **kwargs)
        found.logits = found.logits * 2
        return found

    folder = build("bert", words, tmp_path)
    monkeypatch.setattr(BertForSequenceClassification, "forward", scaled)
    with pytest.raises(ModelError, match="type bert gives its class scores in a way"):
        quick(folder).fit(["a", "b"] * 4, [0, 1] * 4, report=silent)

"""Opening language models: only safe and whole ones, Gemma only after its terms; a GGUF file's numbers."""

import json
import struct

import numpy as np
import pytest
import torch

from bmcore import assets
from bmcore.errors import AssetError, ModelError
from bmcore.text import gemma, gemma_tokenizer, gguf, gpt_source
from tests.text import tiny_models


def saved(folder, family="gpt2"):
    tiny_models.model(family).save_pretrained(folder)
    tiny_models.tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_a_folder_is_opened_as_it_is(family, tmp_path):
    model, tokenizer, source = gpt_source.open_base(str(saved(tmp_path / "tiny", family)))
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.allclose(model(ids).logits, tiny_models.model(family)(ids).logits)
    assert tokenizer.pad_token and not model.training and source.base() == {"model": str(tmp_path / "tiny"), "revision": None}


def test_weights_that_are_missing_or_no_numbers_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = saved(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    left = {name: value for name, value in tensors.items() if not name.endswith("h.1.attn.c_attn.weight")}
    save_file(left, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="missing or has another shape"):
        gpt_source.open_folder(folder)
    next(iter(tensors.values())).view(-1)[0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not numbers"):
        gpt_source.open_folder(folder)


def test_code_of_the_model_and_pickles_are_refused(tmp_path):
    folder = saved(tmp_path / "a")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModelForCausalLM": "x.Y"}}))
    with pytest.raises(ModelError, match="program code"):
        gpt_source.locate(str(folder))
    folder = saved(tmp_path / "b")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no safetensors"):
        gpt_source.locate(str(folder))


def test_a_model_that_reads_both_sides_cannot_write(tmp_path):
    from transformers import BertConfig, BertLMHeadModel

    tiny_models.tokenizer().save_pretrained(tmp_path)
    BertLMHeadModel(BertConfig(vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                               initializer_range=0.5)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="from both sides"):
        gpt_source.open_folder(tmp_path)


SIZES = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
         "max_position_embeddings": 64}
OTHERS = {  # what is made of transformers' own class of the name, and whether it can be trained here
    "Mamba": ({"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, False),
    "Lfm2": ({**SIZES, "num_key_value_heads": 2, "layer_types": ["conv", "full_attention"]}, False),
    "Bloom": ({"vocab_size": 300, "hidden_size": 32, "n_layer": 2, "n_head": 4}, False),
    "GPTNeo": ({"vocab_size": 300, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "window_size": 8,
                "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 64}, True),
    "Mpt": ({"vocab_size": 300, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 64}, True),
    "Phi": (SIZES, True),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_model_that_would_mix_packed_texts_is_refused_at_once(name, tmp_path):
    import transformers

    settings, fits = OTHERS[name]
    torch.manual_seed(1)
    model = getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, f"{name}Config")(**settings))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.3)
    model.save_pretrained(tmp_path)
    tiny_models.tokenizer().save_pretrained(tmp_path)
    if fits:
        gpt_source.open_folder(tmp_path)
        return
    with pytest.raises(ModelError, match="would see each other"):
        gpt_source.open_folder(tmp_path)


@pytest.mark.parametrize(("name", "words"), [
    ("/no/such/folder", "no model folder"), ("a b", "neither a model folder"), ("nobody/nothing", "cannot be reached"),
])
def test_what_is_nowhere_is_said(name, words):
    with pytest.raises(ModelError, match=words):
        gpt_source.locate(name)


def test_a_hub_model_too_large_for_this_machine_is_refused_before_its_download(monkeypatch):
    import huggingface_hub

    class Info:
        safetensors = type("Total", (), {"total": 400 * 10**12})

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: Info)
    with pytest.raises(ModelError, match="Choose a smaller model"):
        gpt_source.locate("owner/giant")


def test_gemma_needs_somebody_to_agree(monkeypatch):
    monkeypatch.delenv("BMCORE_ACCEPT_GEMMA", raising=False)
    with pytest.raises(ModelError, match="terms"):
        gpt_source.locate("gemma")
    assert not gemma.gemma_accepted()
    gemma.accept_gemma()
    assert gemma.gemma_accepted()


def test_gemma_is_made_once_and_its_parts_go(monkeypatch, tmp_path):
    monkeypatch.setenv("BMCORE_ACCEPT_GEMMA", "1")
    monkeypatch.setenv("BMCORE_ASSETS", str(tmp_path))
    whole = b"the whole model"
    fetched, seen = [], []

    def fetch(key, report=None):
        fetched.append(key)
        (tmp_path / key).mkdir()
        report(1, 2, phase="fetch")

    def convert(path, folder, report=None):
        assert path.read_bytes() == whole
        saved(folder)

    monkeypatch.setattr(assets, "fetch", fetch)
    monkeypatch.setattr(assets, "read", lambda key, name: whole[4 * (int(key[-1]) - 1):][:4] if key[-1] != "4" else whole[12:])
    monkeypatch.setattr(gemma, "convert", convert)
    with pytest.raises(AssetError, match="parts"):
        gemma.gemma_folder(report=lambda *a, **k: None)
    assert not gemma.gemma_present() and not list(tmp_path.glob(".fetch-*"))
    for key in gemma.PARTS:
        (tmp_path / key).rmdir()
    import hashlib

    monkeypatch.setattr(gemma, "_WHOLE", hashlib.sha256(whole).hexdigest())
    for _ in range(2):
        folder = gemma.gemma_folder(report=lambda done, total, phase: seen.append(done / total))
    assert gemma.gemma_present() and (folder / "model.safetensors").is_file()
    assert fetched == [*gemma.PARTS, *gemma.PARTS] and seen == sorted(seen) and not any((tmp_path / key).exists() for key in gemma.PARTS)


def test_the_terms_are_words_without_the_page():
    page = ("<html><script>bad()</script><body><div><h1 class='x'>Gemma Terms</h1><style>p{}</style><p>By using\n&amp; so on</p>"
            "<ul><li>one</li></ul><")
    assert gemma._plain(page) == "Gemma Terms\n\nBy using & so on\n\none"


# GGUF

def _text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _file(path, tensors):
    facts = [_text("general.architecture") + struct.pack("<I", 8) + _text("gemma3"),
             _text("numbers") + struct.pack("<IIQ", 9, 5, 2) + struct.pack("<ii", 7, -7),
             _text("pieces") + struct.pack("<IIQ", 9, 8, 2) + _text("a") + _text("中")]
    head, body = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts)) + b"".join(facts), b""
    for name, (shape, kind, content) in tensors.items():
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape[::-1], kind, len(body))
        body += content + bytes(-len(content) % 32)
    path.write_bytes(head + bytes(-len(head) % 32) + body)
    return path


def _half(value):
    return np.float16(value).tobytes()


def test_blocks_of_every_kind_by_hand(tmp_path):
    rng = np.random.default_rng(0)
    q8 = rng.integers(-127, 128, 32).astype(np.int8)
    q5 = rng.integers(0, 32, 32)
    five = sum(int(value >> 4) << at for at, value in enumerate(q5)).to_bytes(4, "little")
    q4, scale, least = rng.integers(0, 16, 256), rng.integers(0, 64, 8), rng.integers(0, 64, 8)
    packed = bytearray(12)
    for at in range(4):
        packed[at] = int(scale[at]) | int(scale[at + 4] >> 4) << 6
        packed[at + 4] = int(least[at]) | int(least[at + 4] >> 4) << 6
        packed[at + 8] = int(scale[at + 4] & 15) | int(least[at + 4] & 15) << 4
    fours = q4.reshape(4, 2, 32)
    q6, sixes = rng.integers(0, 64, 256), rng.integers(-128, 128, 16).astype(np.int8)
    halves = q6.reshape(2, 4, 32)
    low = np.stack([halves[:, :2] & 15 | (halves[:, 2:] & 15) << 4], 0).astype(np.uint8).tobytes()
    high = sum((halves[:, at] >> 4) << 2 * at for at in range(4)).astype(np.uint8).tobytes()
    opened = gguf.File(_file(tmp_path / "m.gguf", {
        "f32": ((2, 3), 0, np.arange(6, dtype=np.float32).tobytes()),
        "q8": ((32,), 8, _half(0.5) + q8.tobytes()),
        "q5": ((1, 32), 6, _half(0.25) + five + bytes((q5[:16] & 15 | (q5[16:] & 15) << 4).tolist())),
        "q4": ((256,), 12, _half(0.5) + _half(0.25) + bytes(packed) + (fours[:, 0] | fours[:, 1] << 4).astype(np.uint8).tobytes()),
        "q6": ((256,), 14, low + high + sixes.tobytes() + _half(0.5)),
    }))
    assert opened.facts["general.architecture"] == "gemma3" and opened.facts["pieces"] == ["a", "中"]
    assert opened.facts["numbers"].tolist() == [7, -7]
    assert opened.read("f32").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.array_equal(opened.read("q8"), 0.5 * q8)
    assert np.array_equal(opened.read("q5"), 0.25 * (q5 - 16.0)[None])
    assert np.array_equal(opened.read("q4"), (0.5 * scale[:, None] * q4.reshape(8, 32) - 0.25 * least[:, None]).ravel())
    assert np.array_equal(opened.read("q6"), (0.5 * sixes[:, None].astype(float) * (q6.reshape(16, 16) - 32)).ravel())


def test_a_damaged_gguf_file_is_said(tmp_path):
    path = _file(tmp_path / "m.gguf", {})
    for content in (b"GGML" + path.read_bytes()[4:], path.read_bytes()[:60], b""):
        path.write_bytes(content or b"x")
        with pytest.raises(ModelError, match="damaged"):
            gguf.File(path)


def test_gemmas_tokenizer_from_its_pieces():
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", "a", "b", "ab", "\u2581ab", "中",
              "[table]", "<unused0>"]
    kinds = np.array([3, 3, 3, 2, *[6] * 256, 1, 1, 1, 1, 1, 1, 4, 4])
    facts = {"tokenizer.ggml.tokens": pieces, "tokenizer.ggml.token_type": kinds,
             "tokenizer.ggml.scores": -np.arange(len(pieces), dtype=float),
             "tokenizer.ggml.bos_token_id": 2, "tokenizer.ggml.eos_token_id": 1, "tokenizer.ggml.unknown_token_id": 3,
             "tokenizer.ggml.padding_token_id": 0, "gemma3.context_length": 64}
    made = gemma_tokenizer.tokenizer_of(facts)
    assert made.tokenize("ab ab中é[table]") == ["ab", "\u2581ab", "中", "<0xC3>", "<0xA9>", "[table]"]
    assert made("ab")["input_ids"] == [2, pieces.index("ab")]
    assert made.decode(made("<unused0>ab[table]")["input_ids"], skip_special_tokens=True) == "ab[table]"
    assert made.decode(made("ab ab中é")["input_ids"], skip_special_tokens=True) == "ab ab中é"
    assert (made.bos_token_id, made.eos_token_id, made.pad_token_id) == (2, 1, 0)

"""Words: training speed against transformers' Trainer, two minutes against counted word sequences, writing speed against `generate`.

    python benchmarks/gpt.py --parts train,minutes,write,mfu --rounds 5

train    tokens a second of our loop and of Trainer (the faster of fp32 and bf16 here, fused AdamW, packed rows, same batch): one GPT-2
         configuration without dropout, the same tokens; interleaved rounds. Gate: our validation loss after these is not above Trainer's.
minutes  `TextGenerator(minutes=2)` from nothing on `shakespeare`: bits per byte of held-out documents, ours and of 5-gram Kneser-Ney.
write    tokens a second of our decoding and of `model.generate`, 1 and 64 drafts.
mfu      GPT-2 124M, rows of 1,024 tokens, on a CUDA card: share of its dense bf16 peak.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # also without an installed package

CONTEXT, BATCH, VOCABULARY = 256, 4096, 2048


def corpus():
    """(train texts, test texts) of shakespeare, whole documents."""
    import bmcore
    from bmcore.data.texts_split import split_texts

    texts = bmcore.load_sample("shakespeare")
    train, test = split_texts(texts, test=0.1, seed=0)
    return [texts.documents[row] for row in train], [texts.documents[row] for row in test]


def tokens_of(train: list[str]):
    """(tokenizer, learned arrays, held-out blocks)"""
    from bmcore.text import gpt_tokenizer
    from bmcore.text.gpt_packing import pack

    tokenizer = gpt_tokenizer.learn(train, VOCABULARY)
    arrays = gpt_tokenizer.encode(tokenizer, train)
    held = max(1, len(arrays) // 20)
    return tokenizer, arrays[held:], pack(arrays[:held], CONTEXT, 0).cut(64)


def ours(arrays, held, tokens: int, seed: int, width: int, layers: int) -> tuple[float, float, float]:
    """(seconds, processor seconds, validation loss) after so many tokens."""
    import torch

    from bmcore.text import gpt_attention, gpt_engine, gpt_sizes
    from bmcore.text.generator import TextGenerator
    from bmcore.text.gpt_packing import Feed
    from bmcore.text.gpt_train import Learner
    from bmcore.training.budget import Budget, BudgetLoop

    torch.manual_seed(seed)
    model = gpt_sizes.build(gpt_sizes.Size(width, layers), VOCABULARY, CONTEXT, 0, "gpt2")
    settings = TextGenerator(context_length=CONTEXT, batch_tokens=BATCH).get_params()
    plan = gpt_engine.plan_for(settings, True)
    learner = Learner(model, Feed(arrays, CONTEXT, 0, seed), None, plan, "cpu", "benchmark")
    start, spent = time.perf_counter(), time.process_time()
    with gpt_attention.quick(model, "cpu"):
        BudgetLoop(learner, Budget(plan.updates(tokens)), lambda *_, **__: None, print).run()
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    learner.held = held
    return seconds, spent, learner.validate()["validation_loss"]


def peer(arrays, held, tokens: int, seed: int, width: int, layers: int, bf16: bool) -> tuple[float, float, float]:
    """The same of Trainer."""
    import torch
    from transformers import Trainer, TrainingArguments, set_seed

    from bmcore.text import gpt_sizes
    from bmcore.text.gpt_head import mean_loss
    from bmcore.text.gpt_packing import IGNORED

    stream = np.concatenate([np.append(one, 0) for one in arrays])
    rows = stream[:tokens // CONTEXT * CONTEXT].reshape(-1, CONTEXT).astype(np.int64)
    data = [{"input_ids": torch.from_numpy(row), "labels": torch.from_numpy(row)} for row in rows]
    set_seed(seed)
    model = gpt_sizes.build(gpt_sizes.Size(width, layers), VOCABULARY, CONTEXT, 0, "gpt2")
    model.apply(model._init_weights)  # as transformers begins
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, per_device_train_batch_size=BATCH // CONTEXT, num_train_epochs=1, learning_rate=2e-3, lr_scheduler_type="cosine",
            warmup_steps=5, optim="adamw_torch_fused", bf16=bf16, use_cpu=True, save_strategy="no", report_to=[], disable_tqdm=True,
            logging_strategy="no", dataloader_pin_memory=False, seed=seed,
        )
        trainer = Trainer(model, settings, train_dataset=data)
        start, spent = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
    known = int((held.targets != IGNORED).sum())
    with torch.no_grad():
        parts = [held.batch(slice(row, row + 16)) for row in range(0, len(held), 16)]
        return seconds, spent, float(sum(mean_loss(model.float().eval(), *part, known) for part in parts))


def train(rounds: int, tokens: int, width: int, layers: int) -> None:
    """Our loop against Trainer."""
    from bmcore.text.gpt_weights import fast_bf16

    _, arrays, held = tokens_of(corpus()[0])
    short = tokens // 4
    choices = [False, True] if fast_bf16("cpu") else [False]
    speeds = {bf16: short / peer(arrays, held, short, 0, width, layers, bf16)[0] for bf16 in choices}
    bf16 = max(speeds, key=speeds.get)
    print("Trainer's tokens/s: " + ", ".join(f"{'bf16' if key else 'fp32'} {value:,.0f}" for key, value in speeds.items()))
    ours(arrays, held, short, 0, width, layers)
    ratios, work, parameters = [], [], layers * 12 * width**2 + VOCABULARY * width
    for number in range(rounds):
        mine, spent, loss = ours(arrays, held, tokens, number, width, layers)
        theirs, spent_there, other = peer(arrays, held, tokens, number, width, layers, bf16)
        ratios.append(theirs / mine)
        work.append(spent_there / spent)
        limit = product_speed(width, bf16=fast_bf16("cpu"))
        share = 6 * parameters * tokens / mine / limit
        print(f"round {number}: ours {tokens / mine:,.0f} tokens/s to {loss:.3f}, Trainer {tokens / theirs:,.0f} to {other:.3f} nats; "
              f"ratio {ratios[-1]:.2f}; gate {'passed' if loss <= other else 'FAILED'}; {share:.2f} of a matrix product's "
              f"{limit / 1e9:.0f} GFLOP/s", flush=True)
    print(f"median ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); never below 1, goal 1.3; of processor "
          f"seconds, which others' work changes less, {statistics.median(work):.2f} ({min(work):.2f} to {max(work):.2f})")


def product_speed(width: int, bf16: bool) -> float:
    """FLOP/s of the product that such a model mostly consists of."""
    import torch

    kind = torch.bfloat16 if bf16 else torch.float32
    a, b = torch.randn(BATCH, width, dtype=kind), torch.randn(4 * width, width, dtype=kind)
    torch.nn.functional.linear(a, b)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < 0.5:
        torch.nn.functional.linear(a, b)
        done += 1
    return 8 * BATCH * width**2 * done / (time.perf_counter() - start)


def minutes(length: float, settings: dict) -> None:
    """From nothing, against a 5-gram model over the same tokens."""
    from bmcore import TextGenerator
    from bmcore.evaluate.ngram import KneserNey
    from bmcore.text import gpt_tokenizer

    learned, test = corpus()
    writer = TextGenerator(minutes=length, **settings)
    start = time.perf_counter()
    writer.fit(learned, report=lambda *_, **__: None)
    seconds = time.perf_counter() - start
    nats, _, sizes = writer.losses(test)
    arrays, judged = (gpt_tokenizer.encode(writer.tokenizer_, part) for part in (learned, test))
    peer_nats = np.concatenate(KneserNey().fit(arrays, len(writer.tokenizer_)).losses(judged))
    mine, theirs = (float(np.sum(value) / np.log(2) / sizes.sum()) for value in (nats, peer_nats))
    seen = writer.history_[-1]["step"]
    print(f"{seconds:.0f} s, {seen} updates, {writer.counts_['parameters']:,} parameters, {len(writer.tokenizer_)} tokens; "
          f"{writer.forecast_}, {writer.history_}")
    verdict = "better" if mine < theirs else "NOT better"
    print(f"bits per byte: ours {mine:.4f}, 5-gram Kneser-Ney {theirs:.4f}; {verdict} by {theirs - mine:.4f}", flush=True)
    print(repr(writer.generate("", seed=1)))


def write(rounds: int) -> None:
    """Our decoding against `model.generate`."""
    import torch

    from bmcore.text import gpt_decode, gpt_sizes

    tokenizer, _, _ = tokens_of(corpus()[0])
    torch.manual_seed(0)
    model = gpt_sizes.build("mini", VOCABULARY, CONTEXT, 0).eval()
    for batch in (1, 64):
        ratios = []
        for number in range(rounds + 1):  # the first warms up
            start, made = time.perf_counter(), 0
            for step in gpt_decode.pieces(model, tokenizer, ["the"] * batch, seeds=range(number, number + batch), max_new_tokens=128):
                made += sum(piece.tokens for piece in step if piece.ended)
            mine = made / (time.perf_counter() - start)
            torch.manual_seed(number)
            given = tokenizer(["the"] * batch, return_tensors="pt", add_special_tokens=False)["input_ids"]
            start = time.perf_counter()
            with torch.no_grad():
                out = model.generate(given, do_sample=True, temperature=0.8, top_p=0.95, top_k=0, min_new_tokens=128, max_new_tokens=128,
                                     attention_mask=torch.ones_like(given), pad_token_id=0)
            theirs = batch * (out.shape[1] - given.shape[1]) / (time.perf_counter() - start)
            ratios.append((mine / theirs, mine, theirs))
        ratio, mine, theirs = (statistics.median(values) for values in zip(*ratios[1:], strict=True))
        print(f"{batch} drafts: ours {mine:,.0f} tokens/s, model.generate {theirs:,.0f}; median ratio {ratio:.2f}", flush=True)


def mfu(updates: int = 30) -> None:
    """GPT-2 124M on a card."""
    import torch

    from bmcore import device
    from bmcore.text import gpt_sizes
    from bmcore.text.gpt_packing import Feed
    from bmcore.text.gpt_train import Learner, Plan

    if not torch.cuda.is_available():
        print("mfu: this machine has no CUDA card, so the share of its peak cannot be measured. Run it where torch.cuda.is_available().")
        return
    draw = np.random.default_rng(0)
    arrays = [draw.integers(1, 50257, 5000, dtype=np.int32) for _ in range(400)]
    model = gpt_sizes.build(gpt_sizes.Size(768, 12), 50304, 1024, 0, "gpt2")
    learner = Learner(model, Feed(arrays, 1024, 0, 0), None, Plan(0.0, 6e-4, 65_536, 65_536, averaged=False, part=16_384), "cuda", "mfu")
    for step in range(5):
        learner.step(step, 0.5)
    torch.cuda.synchronize()
    start, flops = time.perf_counter(), 0.0
    for step in range(updates):
        learner.step(step, 0.5)
        flops += (6 * learner.parameters + 12 * 12 * 768 * 1024 / 2) * learner.tokens
    torch.cuda.synchronize()
    peak = device.peak_flops("cuda")
    speed = flops / (time.perf_counter() - start)
    share = f", {100 * speed / peak:.0f} % of {peak / 1e12:.0f} (at least 45, goal 55)" if peak else ""
    print(f"mfu: {speed / 1e12:.0f} TFLOP/s{share}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", default="train,minutes,write,mfu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--size", default="mini")
    options = parser.parse_args()
    parts = options.parts.split(",")
    if "train" in parts:
        train(options.rounds, options.tokens, options.width, options.layers)
    if "minutes" in parts:
        minutes(options.minutes, {"size": options.size})
    if "write" in parts:
        write(options.rounds)
    if "mfu" in parts:
        mfu()


if __name__ == "__main__":
    main()

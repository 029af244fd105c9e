"""Packed rows: every token once, no text sees another, the loss is that of the documents one by one."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bmcore.text import gpt_losses
from bmcore.text.gpt_head import mean_loss, row_losses
from bmcore.text.gpt_packing import IGNORED, Feed, pack, within
from tests.text import tiny_models

FAMILIES = ("gpt2", "qwen3", "llama")


def documents(*lengths):
    draw = np.random.default_rng(0)
    return [draw.integers(1, 300, n).astype(np.int32) for n in lengths]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(2, 16))
@settings(max_examples=60, deadline=None)
def test_every_token_is_learned_once_from_its_own_document(lengths, context):
    given_, blocks = documents(*lengths), pack(documents(*lengths), context, 0)
    known = blocks.targets != IGNORED
    assert known.sum() == sum(lengths) + len(lengths)
    stream = np.concatenate([np.append(one, 0) for one in given_])
    assert (blocks.targets[known] == stream).all()
    fed = np.concatenate([np.append(0, one) for one in given_])
    assert (blocks.ids[known] == fed).all()
    for segments, positions in zip(blocks.segments, blocks.positions, strict=True):
        for number in np.unique(segments):
            assert (positions[segments == number] == np.arange((segments == number).sum())).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_loss_is_the_loss_of_each_document_alone(family):
    model, given_ = tiny_models.model(family), documents(7, 1, 12, 5, 16, 1)  # fills one row of 48
    whole = pack(given_, 48, 0)
    with torch.no_grad():
        packed = float(mean_loss(model, *whole.batch(slice(0, None)), 48))
    alone = sum(float(row_losses(model, {"input_ids": torch.tensor([[0, *one]])}, torch.tensor([*one, 0])).sum()) for one in given_)
    assert len(whole) == 1 and whole.segments.max() == 5
    assert packed == pytest.approx(alone / 48, abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_attention_across_documents(family):
    model = tiny_models.model(family)
    first, second = pack(documents(9, 14), 25, 0), pack([documents(9)[0] * 0 + 5, documents(9, 14)[1]], 25, 0)
    found = []
    for blocks in (first, second):
        inputs, targets = blocks.batch([0])
        found.append(row_losses(model, inputs, targets.clamp(min=0)))
    torch.testing.assert_close(found[0][10:], found[1][10:], atol=1e-5, rtol=0)
    assert not torch.allclose(found[0][:9], found[1][:9])


def test_the_mask_is_causal_inside_a_document():
    assert within(torch.tensor([[0, 1, 1]])).int()[0, 0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_loss_and_gradients_without_logits_are_those_with_them(monkeypatch):
    from bmcore.text import gpt_head

    monkeypatch.setattr(gpt_head, "PART_SMALL", 300 * 5)  # several parts
    model = tiny_models.model("llama")
    inputs, targets = pack(documents(9, 14, 7), 16, 0).batch(slice(0, None))
    count = int((targets != IGNORED).sum())
    found = []
    for way in (lambda: mean_loss(model, inputs, targets, count),
                lambda: torch.nn.functional.cross_entropy(model(**inputs).logits.flatten(0, 1), targets, ignore_index=IGNORED)):
        model.zero_grad()
        loss = way()
        loss.backward()
        found.append([loss.detach(), *(value.grad.clone() for value in model.parameters())])
    model.zero_grad()
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


def test_the_feed_goes_on_where_it_stood():
    whole, parts = Feed(documents(*range(3, 30)), 8, 0, 1), Feed(documents(*range(3, 30)), 8, 0, 1)
    expected = whole.take(2 * whole.rows + 3)
    first = parts.take(whole.rows - 2)
    again = Feed(documents(*range(3, 30)), 8, 0, 1)
    again.place.copy_(parts.place)
    second = again.take(whole.rows + 5)
    assert (np.concatenate([first.ids, second.ids]) == expected.ids).all()
    assert whole.place.tolist() == again.place.tolist() == [2, 3]
    assert not (expected.ids[:whole.rows] == expected.ids[whole.rows:2 * whole.rows]).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_losses_of_long_documents_come_from_half_a_context_at_least(family):
    model, given_ = tiny_models.model(family), documents(50, 3, 0, 16)
    found = gpt_losses.token_losses(model, given_, 0, 16)
    assert [len(one) for one in found] == [50, 3, 0, 16]
    alone = row_losses(model, {"input_ids": torch.tensor([[0, *given_[0][:15]]])}, torch.tensor(given_[0][:16]).long())
    np.testing.assert_allclose(found[0][:16], alone, atol=1e-5)
    later = row_losses(model, {"input_ids": torch.tensor(given_[0][None, 7:23])}, torch.tensor(given_[0][8:24]).long())
    np.testing.assert_allclose(found[0][16:24], later[8:], atol=1e-5)


def test_windows_count_each_token_once():
    for n in range(60):
        for context in (2, 7, 16):
            counted = [place for _, _, end, first in gpt_losses.windows(0, n, context) for place in range(first, end)]
            assert counted == list(range(n))
            assert all(end - start <= context and (start == 0 or first - start >= context // 2)
                       for _, start, end, first in gpt_losses.windows(0, n, context))


def test_a_document_may_begin_with_another_token_than_it_ends_with():
    blocks = pack([np.array([5, 6]), np.array([7])], 4, 0, 9)
    assert blocks.ids.tolist() == [[9, 5, 6, 9], [7, 0, 0, 0]]
    assert blocks.targets.tolist() == [[5, 6, 0, 7], [0, -100, -100, -100]]


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_that_adds_its_mask_keeps_documents_apart_too(family):
    model, given_ = copy.deepcopy(tiny_models.model(family)), documents(7, 1, 12, 5, 16, 1)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        packed = float(mean_loss(model, *pack(given_, 48, 0).batch(slice(0, None)), 48))
    alone = sum(float(row_losses(model, {"input_ids": torch.tensor([[0, *one]])}, torch.tensor([*one, 0])).sum()) for one in given_)
    assert packed == pytest.approx(alone / 48, abs=1e-5)

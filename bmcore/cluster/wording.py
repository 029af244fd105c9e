"""The words that set each group of messages apart.

A word is in a group for two reasons: the group is about it, or everybody uses it. Three figures tell them apart without a list of
stop words, in any language: how sure it is that the word is more frequent here than elsewhere (the lower end of a log-odds ratio
whose prior is the word's frequency in all messages), in how many messages of the group it is, and how few of all messages have it.

Sources: Monroe, Colaresi and Quinn, Fightin' words: lexical feature selection and evaluation for identifying the content of
political conflict (2008), counting the messages that hold a word; Sparck Jones, A statistical interpretation of term specificity
and its application in retrieval (1972).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

_SPACED = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
# scripts that put no space between words: pairs of neighbouring characters stand in for words
_UNSPACED = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f\U00020000-\U0002a6df]+"
_RUNS = re.compile(f"({_UNSPACED})|({_SPACED})")
_BREAK = re.compile(f"(?<={_UNSPACED[:-1]})(?=[a-z])|(?<=[a-z])(?={_UNSPACED[:-1]})")
_PAIR = re.compile(f"{_UNSPACED[:-1]}{{2}}")
_CHARACTERS = 2_000  # of a text that are read
_LEAST, _LEAST_SHARE = 2, 0.02  # messages of a group that a word of it is in
_WORDS_HELD = 400_000  # by one group; beyond it, what occurred once is forgotten
_PRIOR = 0.1  # of all words: what is believed of a word before a group is looked at
_SURE = 1.96
_UNSURE_WORDS = 3  # told where nothing is sure, so that a small group has a name
_LONGEST_WORD, _TOGETHER = 4, 0.8  # characters of a word made of pairs, and how often the next character has to be the same
_READ_AGAIN = 500_000  # characters of a group in which pairs are joined


def distinguishing_words(texts: Sequence[str], labels: np.ndarray, most: int = 8) -> dict[int, list[str]]:
    """The words that set each group apart, the strongest first.

    Use it when messages are grouped and a person asks what each group is about.

    Parameters
    ----------
    texts : sequence of str, n of them
    labels : ndarray of shape (n,), int
    most : int
        Words a group. A group has fewer where fewer are surely more frequent in it than elsewhere.

    Returns
    -------
    dict of int to list of str
        Also for noise (-1), where there is any.

    Notes
    -----
    About 60 us a message of 60 words; memory is bounded by 400,000 words a group.

    Examples
    --------
    >>> texts = ["the dress is blue", "the dress is long", "the shoe is small", "the shoe is red"]
    >>> distinguishing_words(texts, np.array([0, 0, 1, 1]), most=1)
    {0: ['dress'], 1: ['shoe']}
    """
    labels = np.asarray(labels)
    rows = {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
    counts = {group: _count(texts, own) for group, own in rows.items()}
    overall: Counter[str] = Counter()
    for found in counts.values():
        overall.update(found)
    total, chosen = sum(overall.values()), {}
    for group, own in rows.items():
        ranked = _ranked(counts[group], len(own), overall, total, len(labels), 4 * most)
        chosen[group] = _joined(ranked, texts, own)[:most]
    return chosen


def _count(texts: Sequence[str], rows: np.ndarray) -> Counter[str]:
    """In how many of these texts each word is."""
    found: Counter[str] = Counter()
    for row in rows.tolist():
        found.update(words(texts[row]))
        if len(found) > _WORDS_HELD:
            found = Counter({word: n for word, n in found.items() if n > 1})
    return found


def words(text: str) -> set[str]:
    """The different words of a text, folded; pairs of characters in scripts without spaces.

    Examples
    --------
    >>> sorted(words("It's GREAT, 5 stars")), sorted(words("手机很好"))
    (['great', "it's", 'stars'], ['很好', '手机', '机很'])
    """
    found: set[str] = set()
    text = str(text)[:_CHARACTERS].lower()
    if text.isascii():
        return {word for word in re.findall(r"[a-z]+(?:'[a-z]+)*", text) if len(word) > 1}
    for unspaced, spaced in _RUNS.findall(_BREAK.sub(" ", text)):
        if spaced and len(spaced) > 1:
            found.add(spaced.replace("’", "'"))
        found.update(unspaced[i : i + 2] for i in range(len(unspaced) - 1))
    return found


def _ranked(own: Counter[str], size: int, overall: Counter[str], total: int, n: int, most: int) -> list[str]:
    """The words that are surely more frequent here, the strongest first; where there are none, the likeliest few."""
    names = _frequent(own, size)
    if not names:
        return []
    here, everywhere = (np.array([counts[name] for name in names], np.float64) for counts in (own, overall))
    rare = np.log((n + 1) / everywhere)
    if size == n:  # nothing to compare with
        odds, low = np.ones(len(names)), np.ones(len(names))
        rare[:] = 1
    else:
        odds, low = _odds(here, everywhere, sum(own.values()), total)
    sure = np.where(low > 0, low * np.cbrt(here) * rare, 0)
    order = sorted(range(len(names)), key=lambda at: (-sure[at], -odds[at], names[at]))
    count = max(int((sure > 0).sum()), _UNSURE_WORDS)
    return [names[at] for at in order[: min(count, most)] if odds[at] > 0]


def _frequent(own: Counter[str], size: int) -> list[str]:
    """Words of enough messages of a group to be a theme; where all are rarer, those of two, or all."""
    for least in (max(_LEAST, _LEAST_SHARE * size), min(_LEAST, size)):
        if names := [word for word, count in own.items() if count >= least]:
            return names
    return list(own)


def _odds(here: np.ndarray, everywhere: np.ndarray, own: int, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio of each word, here against elsewhere, in its standard errors, and its lower 95 % end."""
    prior, elsewhere = _PRIOR * everywhere, everywhere - here
    ours, theirs = here + prior, elsewhere + prior
    others = own + _PRIOR * total - ours, total - own + _PRIOR * total - theirs
    ratio = np.log(ours / (others[0] + 1)) - np.log(theirs / (others[1] + 1))  # 1: one word may be all there is
    error = np.sqrt(1 / ours + 1 / theirs)
    return ratio / error, ratio - _SURE * error


def _joined(ranked: list[str], texts: Sequence[str], rows: np.ndarray) -> list[str]:
    """The words, with pairs of characters grown to what they are part of; of two cuts of one phrase the stronger."""
    pairs = [word for word in ranked if _PAIR.fullmatch(word)]
    if not pairs:
        return ranked
    read, length = [], 0
    for row in rows.tolist():
        read.append(str(texts[row])[:_CHARACTERS].lower())
        length += len(read[-1])
        if length > _READ_AGAIN:
            break
    text, found, held = "\n".join(read), [], set()
    for word in ranked:
        if word in pairs:
            word = _grown(word, text)
            own = {word[i : i + 2] for i in range(len(word) - 1)}
            if own & held:  # another cut of what is said already
                continue
            held |= own
        found.append(word)
    return found


def _grown(word: str, text: str) -> str:
    """The word with the character that (nearly) always stands beside it, and again."""
    while len(word) < _LONGEST_WORD:
        before, after = _beside(f"(.){word}", text), _beside(f"{word}(.)", text)
        letter, times = max(before, after, key=lambda found: found[1])
        if times < max(_LEAST, _TOGETHER * text.count(word)) or not _PAIR.fullmatch(letter * 2):
            return word
        word = letter + word if before[1] >= after[1] else word + letter
    return word


def _beside(pattern: str, text: str) -> tuple[str, int]:
    """The most frequent character in that place, and how often it is there."""
    return max(Counter(re.findall(pattern, text)).items(), key=lambda found: (found[1], found[0]), default=("", 0))

"""The simple models that every classifier has to beat: the most frequent class, and word counts with logistic regression.

They learn from exactly the rows that the model learned from. The word-count model is tuned to be strong, since a weak
baseline would make any model look good. On 18,000 clothing reviews by department (4,500 held out): one logistic regression
a class with classes weighted equally reaches macro-F1 0.646 in 2 s; the same without weights 0.620, multinomial with lbfgs
0.645 in 6 s. C between 3 and 30 changes it by under 0.01, so C is fixed.

One regression a class is too slow for thousands of classes (3,000: 5 minutes), so there the word-count model answers with the
class whose mean text is nearest: 0.1 s, and 0.00-0.05 of macro-F1 less where both could be measured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

import numpy as np

REPORT_EVERY = 1000  # texts
LONGEST = 50_000  # characters of a text that are counted; one pasted log file must not hold up the rest
_FEW_ROWS = 1000
_C = 10.0
MANY_CLASSES = 100
_ROWS_IN_ALL = 200_000  # rows over all one-against-rest fits: more classes, fewer rows of the rest a class
_LEAST_OTHERS = 2000
# scripts written without spaces: Chinese and Japanese, Thai, Lao, Khmer, Burmese
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff]")
_LETTERS = re.compile(r"[^\W\d_]")

Report = Callable[[int, int], None]


def majority(codes: np.ndarray, n: int) -> np.ndarray:
    """Answer the most frequent training class `n` times (of equally frequent ones the first)."""
    return np.full(n, np.bincount(codes).argmax() if len(codes) else 0)


def unspaced_share(texts: Sequence[str], sample: int = 2000) -> float:
    """Share of letters, from 0 to 1, that belong to a script written without spaces. Looks at `sample` texts at most.

    Examples
    --------
    >>> unspaced_share(["今天 good"])
    0.3333333333333333
    """
    step = max(1, len(texts) // sample)
    seen = [text[:1000] for text in texts[::step]]
    letters = sum(len(_LETTERS.findall(text)) for text in seen)
    return sum(len(_UNSPACED.findall(text)) for text in seen) / letters if letters else 0.0


class WordCounts:
    """TF-IDF of word pairs (of character pairs where words are not spaced) as a sparse matrix.

    Use it when several models learn from the same texts: they are counted once.

    Attributes
    ----------
    characters_ : bool
        Characters were counted, because a fifth or more of the letters are Chinese, Japanese, Thai, ...

    Notes
    -----
    About 1.4 s and 30 MB for 18,000 reviews of 60 words.
    """

    def fit_transform(self, texts: Sequence[str], report: Report | None = None):
        """Learn the vocabulary and count: (n, terms) float64 CSR."""
        self.characters_ = unspaced_share(texts) >= 0.2
        try:
            return self._fit(texts, report)
        except ValueError:  # no word of two letters anywhere, as in "?!" or "5 * *": characters are what is there
            self.characters_ = True
            return self._fit(texts, report)

    def transform(self, texts: Sequence[str], report: Report | None = None):
        """Count with the vocabulary learned: (n, terms) float64 CSR."""
        return self._vectorizer.transform(_fed(texts, report))

    def _fit(self, texts: Sequence[str], report: Report | None):
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), min_df=2 if len(texts) >= _FEW_ROWS else 1,
            analyzer="char" if self.characters_ else "word",
        )
        return self._vectorizer.fit_transform(_fed(texts, report))


def word_count_answers(counts, codes: np.ndarray, others, *, seed: int = 0, report: Report | None = None) -> tuple[str, np.ndarray]:
    """Name of the word-count model that suits the number of classes, and its answers. See `logistic` and `centroid`."""
    if len(np.unique(codes)) > MANY_CLASSES:
        return "tfidf_centroid", centroid(counts, codes, others, report=report)
    return "tfidf_logistic", logistic(counts, codes, others, seed=seed, report=report)


def logistic(counts, codes: np.ndarray, others, *, seed: int = 0, report: Report | None = None) -> np.ndarray:
    """Learn one logistic regression a class against the rest, and answer `others`.

    Use it when texts are counted already and the answer's class is all you need.

    Parameters
    ----------
    counts : sparse matrix of shape (n, terms)
    codes : ndarray of shape (n,), int
    others : sparse matrix of shape (m, terms)
    seed : int
        Draws the rows a class is compared with where there are very many classes.
    report : callable, optional
        `report(step, total)` after every class.

    Returns
    -------
    ndarray of shape (m,), int
        The class with the highest score.

    Notes
    -----
    About 0.3 s a class of 18,000 reviews, up to 1 s a rare one; memory O(terms + m), never terms x classes.
    """
    classes, sizes = np.unique(codes, return_counts=True)
    if len(classes) < 2:
        return np.full(others.shape[0], classes[0] if len(classes) else 0)
    weights = (len(codes) / len(classes) / sizes)[np.searchsorted(classes, codes)]
    draw = np.random.default_rng(seed)
    best, answer = np.full(others.shape[0], -np.inf), np.zeros(others.shape[0], dtype=np.int64)
    with _one_thread():
        for step, one in enumerate(classes if len(classes) > 2 else classes[1:], start=1):
            scores = _against_rest(counts, codes == one, weights, others, len(classes), draw)
            if len(classes) == 2:
                return np.where(scores > 0, classes[1], classes[0])
            answer[scores > best] = one
            best = np.maximum(best, scores)
            if report:
                report(step, len(classes))
    return answer


def _one_thread() -> AbstractContextManager:
    """liblinear works on one vector at a time: threads gain nothing there and, where others compute too, wait for each other (16x)."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "blas")


def centroid(counts, codes: np.ndarray, others, *, report: Report | None = None) -> np.ndarray:
    """Answer each row of `others` with the class whose mean row of `counts` points in the same direction.

    Use it when there are too many classes for `logistic`. Memory O(terms that occur in each class).
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    members = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))))  # (classes, n)
    means = normalize(members @ counts).T.tocsr()  # (terms, classes)
    answers = [np.zeros(0, dtype=np.int64)]
    for start in range(0, others.shape[0], REPORT_EVERY):
        answers.append(np.asarray((others[start : start + REPORT_EVERY] @ means).argmax(axis=1)).ravel())
        if report:
            report(min(start + REPORT_EVERY, others.shape[0]), others.shape[0])
    return np.concatenate(answers)


def _against_rest(counts, mine: np.ndarray, weights: np.ndarray, others, n_classes: int, draw) -> np.ndarray:
    """Log-odds of "mine" for each row of `others`; with many classes only a weighted sample of the rest is learned from."""
    from sklearn.linear_model import LogisticRegression

    rest = np.flatnonzero(~mine)
    keep = max(_LEAST_OTHERS, _ROWS_IN_ALL // n_classes)
    if len(rest) > keep:
        weights = np.where(mine, weights, weights * len(rest) / keep)
        rows = np.sort(np.concatenate([np.flatnonzero(mine), draw.choice(rest, keep, replace=False)]))
        counts, mine, weights = counts[rows], mine[rows], weights[rows]
    model = LogisticRegression(C=_C, solver="liblinear", random_state=0).fit(counts, mine, sample_weight=weights)
    return model.decision_function(others)


def _fed(texts: Iterable[str], report: Report | None) -> Iterator[str]:
    """The texts one by one, with a call to `report` now and then, so that counting can be stopped."""
    total = len(texts)
    for step, text in enumerate(texts, start=1):
        yield text[:LONGEST]
        if report and (step % REPORT_EVERY == 0 or step == total):
            report(step, total)

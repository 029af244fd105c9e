"""One sentence, computed: are generated pictures new and varied, copies, all alike, blurry, worse than the trivial way, or is it open.

The rules in their order, the first that holds decides:

0. not proven: fewer than `FEW` held-out pictures, of which nothing can be told.
1. collapsed: the pictures spread less than `LEAST_VARIETY` of what real ones do, or more than `MOST_REPEATS` of `LEAST_PICTURES` or more
   have a near twin among themselves. First, because one picture shown again and again may also be a copy and far from real.
2. copies: the share of pictures closer to a training picture than all but one in a hundred real ones is `MOST_COPIES` above what real
   pictures get, and the whole interval says so. Before any praise: handing out training pictures makes every distance look good.
3. worse: surely further from the real pictures than PCA + Gaussian is, or not surely nearer and surely of the asked class less often.
   Before blurry: who can have better pictures in a second must hear that first. The sentence says it where they are blurry too.
4. not proven: surely nearer than PCA + Gaussian, but surely of the asked class less often.
5. blurry: less than `LEAST_SHARP` of the fine detail of real pictures.
6. not proven: too few held-out pictures, not surely nearer than PCA + Gaussian, too little of the variety, pictures unlike real ones, or
   pictures of another class than was asked.
7. varied: none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from bmcore.messages import Message

LEAST_VARIETY = 0.35  # one class of digits alone reaches 0.65 to 0.97, half the classes 1.0: what is missing there, recall says
MOST_REPEATS = 0.5  # real pictures: about 0.01
MOST_COPIES = 0.05  # above what real pictures get, about 0.02
LEAST_SHARP = 0.5  # held-out real pictures are within 0.05 of 1
LEAST_PICTURES = 50  # held-out ones; with fewer an interval means little
FEW = 10  # held-out ones; with fewer even what looks alike may be luck
LEAST_RECALL = 0.5  # of what real pictures reach
LEAST_PRECISION = 0.5  # of what real pictures reach
LEAST_READ = 0.8  # of the judge's own accuracy


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    Use it when you want a verdict without an evaluation, as the tests do.

    Attributes
    ----------
    n : int
        Held-out pictures, and as many generated ones.
    variety, repeats : float
        Spread in proportion to real pictures; share with a near twin.
    copies, copies_low, expected : float
        Share of copies, the lower end of its interval, what real pictures get.
    sharpness : float
        Fine detail in proportion to real pictures.
    nearer, nearer_low, nearer_high : float
        By how much nearer than PCA + Gaussian, with its interval.
    distance, trivial : float
        Feature-FID of the pictures and of PCA + Gaussian.
    recall, precision : float
        In proportion to what real pictures reach.
    read, read_most : float or None
        Share read as the class that was asked, and the judge's accuracy on real pictures; None without classes.
    read_trivial : float or None
        The same share of PCA + Gaussian.
    read_more_high : float
        The upper end of the interval of `read` minus `read_trivial`.
    """

    n: int
    variety: float
    repeats: float
    copies: float
    copies_low: float
    expected: float
    sharpness: float
    nearer: float
    nearer_low: float
    nearer_high: float
    distance: float
    trivial: float
    recall: float
    precision: float
    read: float | None = None
    read_most: float | None = None
    read_trivial: float | None = None
    read_more_high: float = 1.0


def judge(facts: Facts) -> tuple[str, Message]:
    """The kind of verdict and its sentence.

    Use it when generated pictures, PCA + Gaussian and real pictures were measured against the same held-out ones.

    Returns
    -------
    (str, Message)
        "varied", "copies", "collapsed", "blurry", "worse" or "not_proven".

    Examples
    --------
    >>> kind, message = judge(Facts(500, 1.0, 0.01, 0.02, 0.01, 0.015, 0.95, 9.0, 8.0, 10.0, 3.0, 12.0, 0.9, 0.98))
    >>> print(message)
    New and varied: 2% of the pictures are as close to a training picture as a copy would be (real pictures: 2%), they show 90% of the \
variety of real ones, and they are nearer to them than the simple statistical way (feature-FID 3.00 against 12.00). Measured with 500 \
pictures.
    """
    fields = {
        "n": facts.n, "distance": facts.distance, "trivial": facts.trivial, "copies": facts.copies, "expected": facts.expected,
        "recall": facts.recall,
    }
    if facts.n < FEW:
        return "not_proven", Message(
            "Not proven: only {n:,} pictures were held out, and of so few nothing can be told. Give at least {least} more, or hold out a "
            "larger part.", n=facts.n, least=LEAST_PICTURES - facts.n)
    if facts.variety < LEAST_VARIETY or (facts.repeats > MOST_REPEATS and facts.n >= LEAST_PICTURES):
        return "collapsed", Message(
            "Collapsed: the pictures are nearly all alike. {repeats:.0%} of {n:,} have a near twin among themselves, and together they "
            "spread {variety:.0%} as far as real pictures do. Train anew with another seed or a smaller learning rate, or use Diffusion.",
            n=facts.n, repeats=facts.repeats, variety=facts.variety)
    if facts.copies_low > facts.expected + MOST_COPIES:
        return "copies", Message(
            "Copies: {copies:.0%} of the pictures are closer to a training picture than real pictures are (those: {expected:.0%}), so many "
            "are training pictures or nearly so. Give more pictures or train for a shorter time, and do not call these new.",
            copies=facts.copies, expected=facts.expected)
    obeys_less = facts.read_trivial is not None and facts.read_more_high < 0
    if facts.nearer_high < 0 or (obeys_less and facts.nearer_low <= 0):
        return "worse", _worse(facts, fields, obeys_less)
    if obeys_less:
        return "not_proven", Message(
            "Not proven: the pictures are nearer to real ones than those of the simple statistical way (PCA + Gaussian; feature-FID "
            "{distance:.2f} against {trivial:.2f}), but fewer show the class that was asked for ({read:.0%} against {read_trivial:.0%}). "
            "Train longer, or give more pictures of each class.", read=facts.read, read_trivial=facts.read_trivial, **fields)
    if facts.sharpness < LEAST_SHARP:
        return "blurry", Message(
            "Blurry: the pictures have {sharpness:.0%} of the fine detail of real ones. Train longer, or choose smaller pictures.",
            sharpness=facts.sharpness)
    return _praised(facts, fields)


def _worse(facts: Facts, fields: dict, obeys_less: bool) -> Message:
    """By what they are worse than PCA + Gaussian: the asked class where that is so, since anyone can see it, else the distance."""
    fields = fields | {"read": facts.read, "read_trivial": facts.read_trivial, "sharpness": facts.sharpness}
    blurry = facts.sharpness < LEAST_SHARP
    if obeys_less and blurry:
        return Message(
            "Worse than the simple statistical way (PCA + Gaussian), which needs a second: {read:.0%} of the pictures show the class that "
            "was asked for, against {read_trivial:.0%}, with {n:,} pictures. They are blurry too: {sharpness:.0%} of the fine detail of "
            "real ones. Train longer, or choose smaller pictures.", **fields)
    if obeys_less:
        return Message(
            "Worse than the simple statistical way (PCA + Gaussian), which needs a second: {read:.0%} of the pictures show the class that "
            "was asked for, against {read_trivial:.0%}, with {n:,} pictures. Train longer, or give more pictures.", **fields)
    if blurry:
        return Message(
            "Worse than the simple statistical way (PCA + Gaussian), which needs a second: feature-FID {distance:.2f} against "
            "{trivial:.2f}, where less is better, with {n:,} pictures. They are blurry too: {sharpness:.0%} of the fine detail of real "
            "ones. Train longer, or choose smaller pictures.", **fields)
    return Message(
        "Worse than the simple statistical way (PCA + Gaussian), which needs a second: feature-FID {distance:.2f} against "
        "{trivial:.2f}, where less is better, with {n:,} pictures. Train longer, or give more pictures.", **fields)


def _praised(facts: Facts, fields: dict) -> tuple[str, Message]:
    """Varied, or why that is not proven."""
    if facts.n < LEAST_PICTURES:
        return "not_proven", Message(
            "Not proven: only {n:,} pictures were held out, and with fewer than {least} luck decides. Nothing speaks against these "
            "pictures; give more, or hold out a larger part.", n=facts.n, least=LEAST_PICTURES)
    if facts.nearer_low <= 0:
        return "not_proven", Message(
            "Not proven: feature-FID is {distance:.2f} against {trivial:.2f} for the simple statistical way (PCA + Gaussian), where less "
            "is better, and with {n:,} pictures the difference may be luck. Train longer, or give more pictures.", **fields)
    if facts.read is not None and facts.read_most is not None and facts.read < LEAST_READ * facts.read_most:
        return "not_proven", Message(
            "Not proven: a judge that reads {most:.0%} of real pictures right sees the class that was asked for in {read:.0%} of the "
            "generated ones. Train longer, or give more pictures of each class.", read=facts.read, most=facts.read_most)
    if facts.recall < LEAST_RECALL:
        return "not_proven", Message(
            "Not proven: the pictures are not copies, but they show only {recall:.0%} of the variety of real ones. Train longer.", **fields)
    if facts.precision < LEAST_PRECISION:
        return "not_proven", Message(
            "Not proven: the pictures are varied, but only {precision:.0%} as many as of real ones look like a real picture. Train longer.",
            precision=facts.precision)
    return "varied", Message(
        "New and varied: {copies:.0%} of the pictures are as close to a training picture as a copy would be (real pictures: "
        "{expected:.0%}), they show {recall:.0%} of the variety of real ones, and they are nearer to them than the simple statistical way ("
        "feature-FID {distance:.2f} against {trivial:.2f}). Measured with {n:,} pictures.", **fields)

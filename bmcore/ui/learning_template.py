"""A made-up table with the columns a school would upload: who worked on what, how it went, what has to come before.

Nobody in it is real: learners walk through a small course in mathematics by dice, always after what an exercise requires. It shows
the form of a table and what prerequisites and difficulty do to a path; it says nothing about learning.
"""

from __future__ import annotations

import csv
import functools
import io
import random
import time

NAME = "learning_template_made_up.csv"
COLUMNS = ("learner", "exercise", "name", "skill", "score", "time", "difficulty", "requires")
LEARNERS, MOST_DONE = 150, 15
_FIRST_DAY, _DAY_S = 1_756_713_600, 86_400  # 1 September 2025

# exercise: (name, skill, difficulty from 1 to 5, what has to come before)
COURSE = {
    "N1": ("Counting to a hundred", "numbers", 1, ()),
    "N2": ("Adding", "numbers", 1, ("N1",)),
    "N3": ("Taking away", "numbers", 1, ("N1",)),
    "N4": ("Times tables", "numbers", 2, ("N2",)),
    "N5": ("Dividing with a rest", "numbers", 2, ("N3", "N4")),
    "N6": ("Negative numbers", "numbers", 3, ("N3",)),
    "F1": ("Halves and quarters", "fractions", 2, ("N1",)),
    "F2": ("Fractions of the same size", "fractions", 2, ("F1",)),
    "F3": ("Adding fractions", "fractions", 3, ("F2", "N4")),
    "F4": ("Multiplying fractions", "fractions", 3, ("F2", "N4")),
    "F5": ("Dividing fractions", "fractions", 4, ("F4",)),
    "F6": ("Percentages", "fractions", 3, ("F2", "N5")),
    "G1": ("Naming shapes", "shapes", 1, ()),
    "G2": ("Angles", "shapes", 2, ("G1",)),
    "G3": ("Perimeter", "shapes", 2, ("G1", "N2")),
    "G4": ("Area of a rectangle", "shapes", 2, ("G3", "N4")),
    "G5": ("Area of a triangle", "shapes", 3, ("G4", "F1")),
    "G6": ("Circles", "shapes", 4, ("G4", "F4")),
    "G7": ("Pythagoras", "shapes", 5, ("G5", "A4")),
    "A1": ("Missing numbers", "algebra", 2, ("N3",)),
    "A2": ("Letters for numbers", "algebra", 3, ("A1", "N4")),
    "A3": ("Simple equations", "algebra", 3, ("A2",)),
    "A4": ("Squares and roots", "algebra", 4, ("A2", "N6")),
    "A5": ("Two equations", "algebra", 5, ("A3", "F3")),
    "D1": ("Reading a bar chart", "data", 1, ("N1",)),
    "D2": ("The mean", "data", 3, ("D1", "N5")),
    "D3": ("Chances", "data", 4, ("D1", "F3")),
    "D4": ("Reading a scatter plot", "data", 4, ("D2", "A2")),
}


@functools.cache
def content() -> bytes:
    """The table as a CSV file, always the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    dice = random.Random(0)
    for number in range(1, LEARNERS + 1):
        writer.writerows(_rows(f"learner {number:03d}", dice))
    return out.getvalue().encode()


def _rows(learner: str, dice: random.Random) -> list[list]:
    """What one learner did: mostly the favourite skill, never before what it requires."""
    favourite = dice.choice(("numbers", "fractions", "shapes", "algebra", "data"))
    day, done, rows = dice.randrange(60), [], []
    for _step in range(dice.randrange(5, MOST_DONE + 1)):
        ready = [key for key, (_n, _s, _d, needs) in COURSE.items() if key not in done and all(need in done for need in needs)]
        likes = [4.0 if COURSE[key][1] == favourite else 1.0 / COURSE[key][2] for key in ready]
        chosen = dice.choices(ready, likes)[0]
        done.append(chosen)
        day += dice.randrange(1, 5)
        name, skill, difficulty, needs = COURSE[chosen]
        score = round(min(1.0, max(0.1, dice.gauss(1.0 - 0.1 * difficulty, 0.15))), 2)
        when = time.strftime("%Y-%m-%d", time.gmtime(_FIRST_DAY + day * _DAY_S))
        rows.append([learner, chosen, name, skill, score, when, difficulty, ";".join(needs)])
    return rows

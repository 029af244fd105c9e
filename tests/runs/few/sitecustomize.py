"""The real proof with two short trainings of each classifier instead of four long ones: python imports this by itself from PYTHONPATH."""

import functools

from bmcore.evaluate import proof

proof.prove = functools.partial(proof.prove, seeds=2, updates=10)

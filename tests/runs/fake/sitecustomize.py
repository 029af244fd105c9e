"""Python reads this at its start where PYTHONPATH names its folder: so a test's workers know an estimator that costs nothing."""

from bmcore import base

base.ESTIMATORS["Counter"] = "fake_estimator"

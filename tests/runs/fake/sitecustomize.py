"""Python reads this at its start where PYTHONPATH names its folder: so a test's workers know an estimator that costs nothing."""

from bmcore import base
from bmcore.runs import tasks

base.ESTIMATORS["Counter"] = "fake_estimator"
tasks.TASKS["counting"] = tasks.TASKS["classification"]._replace(judges="fake_estimator")

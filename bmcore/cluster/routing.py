"""scikit-learn's metadata routing without importing scikit-learn: which method of a clusterer asks for weights.

    pipeline = make_pipeline(StandardScaler(), KMeans(3).set_fit_request(sample_weight=True))
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

UNCHANGED = "$UNCHANGED$"  # scikit-learn's word
METHODS = ("fit", "score")  # that may take weights; fit_predict and fit_transform are made of these


class Routes:
    """What a clusterer tells meta-estimators once `sklearn.set_config(enable_metadata_routing=True)` was called."""

    def get_metadata_routing(self) -> Any:
        """scikit-learn's MetadataRequest of this estimator."""
        asked = getattr(self, "_metadata_request", None)
        if asked is not None:
            return copy.deepcopy(asked)
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        for name in METHODS:
            if "sample_weight" in inspect.signature(getattr(self, name, object)).parameters:
                getattr(request, name).add_request(param="sample_weight", alias=None)
        return request

    def set_fit_request(self, *, sample_weight: bool | str | None = UNCHANGED) -> Any:
        """Whether `fit` is to be given weights: True, False, None (an error if there are any) or the name they go by."""
        return self._ask("fit", sample_weight)

    def _ask(self, method: str, sample_weight: bool | str | None) -> Any:
        request = self.get_metadata_routing()
        if sample_weight != UNCHANGED:
            getattr(request, method).add_request(param="sample_weight", alias=sample_weight)
        # scikit-learn's clone copies an attribute of this name
        self._metadata_request = request
        return self

"""Is the model worth having: metrics, baselines, intervals, verdict, learning-curve hint."""

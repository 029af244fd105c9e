"""What do K-Means and DBSCAN do, and what does each setting change? For people who want to turn the knobs and see."""

from __future__ import annotations

import streamlit as st

from bmcore.ui import lab_answers, lab_choose, lab_data, lab_methods, lab_steps, states
from bmcore.ui.words import _, number, plain

st.title(_("Clustering lab"), anchor=False)
st.markdown(_("Two ways to find groups, on the same points. Change a setting and see what it does."))
states.step(1, _("The points"))
points = lab_data.choose()
if points is None:
    states.later(2, _("K-Means against DBSCAN"), _("as soon as there are points"))
    states.later(3, _("K-Means, step by step"), _("how the centres find their places"))
    states.later(4, _("What should I choose?"), _("how many groups, how near is near"))
    st.stop()
st.markdown(plain(points.caption))

states.step(2, _("K-Means against DBSCAN"))
left, right = st.columns(2, gap="large")
with left:
    kmeans = lab_methods.kmeans(points)
with right:
    dbscan = lab_methods.dbscan(points)
if kmeans is None or dbscan is None:
    st.stop()
request = {"do": "groups", "data": points.data, "kmeans": kmeans, "dbscan": dbscan}
found = lab_answers.get(request, _("Finding groups in another process. The first time takes some seconds."))
if found is None:
    st.stop()
with left:  # below its settings, on a phone too
    lab_methods.result("KMeans", points, found, kmeans)
with right:
    lab_methods.result("DBSCAN", points, found, dbscan)
if found["used"] < found["rows"]:
    st.caption(_("The lab works on {n} of {total} rows, drawn by chance.", n=number(found["used"]), total=number(found["rows"])))

states.step(3, _("K-Means, step by step"))
if "error" in found["kmeans"]:
    st.caption(_("There are no steps: K-Means found nothing with these settings."))
else:
    lab_steps.draw(found, lab_answers.name(request))

states.step(4, _("What should I choose?"))
lab_choose.count(points)
lab_choose.reach(points, dbscan)

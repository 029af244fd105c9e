"""What people read for the models and rivals whose names stand in an evaluation, on a page and on a terminal."""

from __future__ import annotations

from bmcore.messages import Message

NAMES = {
    "tfidf_logistic": Message("Counting words (TF-IDF + logistic regression)"),
    "tfidf_centroid": Message("Counting words (TF-IDF + the class whose average is nearest)"),
    "majority": Message("Always the most frequent answer"),
    "shuffled_columns": Message("shuffled columns"),
    "one_cloud": Message("one cloud"),
    "PCA + Gaussian": Message("Simple method (PCA + Gaussian)"),
    "Real pictures": Message("Other real pictures (as good as it gets)"),
    "5-gram Kneser-Ney": Message("Simple rival: counts of 5 pieces"),
    "Before fine-tuning": Message("The model before it read your texts"),
    "Real texts": Message("Real new texts"),
    "words": Message("Shared words (BM25)"),
    "meaning": Message("Meaning (MiniLM)"),
    "both": Message("Words and meaning"),
    "BM25": Message("Shared words (BM25)"),
    "Most frequent answer": Message("Most frequent answers"),
}
SHORT = NAMES | {
    "tfidf_logistic": Message("Counting words"),
    "tfidf_centroid": Message("Counting words"),
    "majority": Message("Most frequent answer"),
}

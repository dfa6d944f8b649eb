"""Metrics in many configurations, written once for Keras and fastnn; each sees three batches of unequal size."""

import numpy as np

from tests.golden.case import numbers
from tests.golden.losses import labels, one_hot, probabilities

N = 11
HOT, SOFT, NUMBER, LOGITS = one_hot(3, N, 4), probabilities(4, N, 4), labels(3, N, 4), numbers(13, N, 4)
BITS, SHARE = (numbers(6, N, 1) > 0).astype("float32"), 1 / (1 + np.exp(-numbers(7, N, 1)))
MANY, MANY_SHARE = (numbers(8, N, 4) > 0.3).astype("float32"), 1 / (1 + np.exp(-numbers(9, N, 4)))
REAL, GUESS = numbers(1, N, 3), numbers(2, N, 3)
OTHER = labels(14, N, 4)
WEIGHTS = np.array([1, 2, 0, 3, 0.5, 1, 1, 0.25, 4, 1, 2], "float32")
CUTS = (4, 9)  # where the batches end


def cases(keras):
    """Metrics by name: object, targets, predictions, and whether samples are weighted."""
    k = keras.metrics
    a = {"name": "a"}
    return {
        "accuracy": (k.Accuracy(**a), NUMBER, OTHER, True),
        "binary_accuracy": (k.BinaryAccuracy(threshold=0.4, **a), BITS, SHARE, True),
        "categorical_accuracy": (k.CategoricalAccuracy(**a), HOT, SOFT, True),
        "sparse_categorical_accuracy": (k.SparseCategoricalAccuracy(**a), NUMBER, SOFT, True),
        "top_k": (k.TopKCategoricalAccuracy(k=2, **a), HOT, SOFT, True),
        "sparse_top_k": (k.SparseTopKCategoricalAccuracy(k=2, **a), NUMBER, SOFT, False),
        "sorted_top_k": (k.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True), NUMBER,
                         np.argsort(-SOFT).astype("float32"), False),
        "mse": (k.MeanSquaredError(**a), REAL, GUESS, True),
        "rmse": (k.RootMeanSquaredError(**a), REAL, GUESS, False),
        "rmse_weighted": (k.RootMeanSquaredError(), REAL, GUESS, True),
        "mae": (k.MeanAbsoluteError(**a), REAL, GUESS, True),
        "mape": (k.MeanAbsolutePercentageError(**a), REAL, GUESS, True),
        "msle": (k.MeanSquaredLogarithmicError(**a), REAL, GUESS, True),
        "cosine": (k.CosineSimilarity(axis=-1, **a), REAL, GUESS, True),
        "logcosh": (k.LogCoshError(**a), REAL, GUESS, True),
        "hinge": (k.Hinge(**a), 2 * BITS - 1, SHARE, True),
        "squared_hinge": (k.SquaredHinge(**a), 2 * BITS - 1, SHARE, True),
        "categorical_hinge": (k.CategoricalHinge(**a), HOT, SOFT, True),
        "kld": (k.KLDivergence(**a), probabilities(15, N, 4), SOFT, True),
        "poisson": (k.Poisson(**a), np.abs(REAL), np.abs(GUESS), True),
        "bce": (k.BinaryCrossentropy(label_smoothing=0.1, **a), BITS, SHARE, True),
        "bce_logits": (k.BinaryCrossentropy(from_logits=True), BITS, LOGITS[:, :1], False),
        "cce": (k.CategoricalCrossentropy(label_smoothing=0.1, axis=-1, **a), HOT, SOFT, True),
        "cce_logits": (k.CategoricalCrossentropy(from_logits=True), HOT, LOGITS, False),
        "scce": (k.SparseCategoricalCrossentropy(axis=-1, **a), NUMBER, SOFT, True),
        "scce_logits": (k.SparseCategoricalCrossentropy(from_logits=True), NUMBER, LOGITS, False),
        "precision": (k.Precision(**a), MANY, MANY_SHARE, True),
        "precision_cuts": (k.Precision(thresholds=[0.3, 0.7]), MANY, MANY_SHARE, False),
        "precision_top": (k.Precision(top_k=2, class_id=1), MANY, MANY_SHARE, True),
        "recall": (k.Recall(**a), MANY, MANY_SHARE, True),
        "recall_cuts": (k.Recall(thresholds=[0.3, 0.7]), MANY, MANY_SHARE, False),
        "recall_top": (k.Recall(top_k=2, class_id=1), MANY, MANY_SHARE, True),
        "true_positives": (k.TruePositives(thresholds=0.4, **a), MANY, MANY_SHARE, True),
        "false_positives": (k.FalsePositives(thresholds=[0.4, 0.6], **a), MANY, MANY_SHARE, True),
        "true_negatives": (k.TrueNegatives(thresholds=0.4, **a), MANY, MANY_SHARE, False),
        "false_negatives": (k.FalseNegatives(thresholds=0.4, **a), MANY, MANY_SHARE, True),
        "auc": (k.AUC(**a), BITS, SHARE, True),
        "auc_few": (k.AUC(num_thresholds=7, summation_method="minoring"), BITS, SHARE, False),
        "auc_majoring": (k.AUC(summation_method="majoring", thresholds=[0.2, 0.5, 0.8]), BITS, SHARE, True),
        "auc_pr": (k.AUC(curve="PR"), BITS, SHARE, True),
        "auc_pr_minoring": (k.AUC(curve="PR", summation_method="minoring", num_thresholds=20), BITS, SHARE, False),
        "auc_logits": (k.AUC(from_logits=True), BITS, LOGITS[:, :1], False),
        "auc_labels": (k.AUC(multi_label=True, num_labels=4), MANY, MANY_SHARE, False),
        "auc_label_weights": (
            k.AUC(multi_label=True, num_labels=4, label_weights=[1.0, 2.0, 0.0, 3.0]), MANY, MANY_SHARE, True,
        ),
        "sensitivity": (k.SensitivityAtSpecificity(0.4, num_thresholds=30, **a), BITS, SHARE, False),
        "sensitivity_class": (k.SensitivityAtSpecificity(0.4, class_id=2), MANY, MANY_SHARE, False),
        "specificity": (k.SpecificityAtSensitivity(0.6, num_thresholds=30, **a), BITS, SHARE, False),
        "specificity_class": (k.SpecificityAtSensitivity(0.6, class_id=2), MANY, MANY_SHARE, False),
        "precision_at_recall": (k.PrecisionAtRecall(0.5, num_thresholds=30, **a), BITS, SHARE, False),
        "precision_at_recall_class": (k.PrecisionAtRecall(0.5, class_id=2), MANY, MANY_SHARE, False),
        "recall_at_precision": (k.RecallAtPrecision(0.5, num_thresholds=30, **a), BITS, SHARE, False),
        "recall_at_precision_class": (k.RecallAtPrecision(0.5, class_id=2), MANY, MANY_SHARE, False),
        "f1": (k.F1Score(**a), MANY, MANY_SHARE, True),
        "f1_macro": (k.F1Score(average="macro", threshold=0.4), MANY, MANY_SHARE, False),
        "fbeta": (k.FBetaScore(average="weighted", beta=2.0, threshold=0.6, **a), MANY, MANY_SHARE, False),
        "fbeta_micro": (k.FBetaScore(average="micro", beta=0.5), MANY, MANY_SHARE, False),
        "iou": (k.IoU(num_classes=4, target_class_ids=[0, 2], **a), NUMBER, OTHER, False),
        "iou_ignore": (
            k.IoU(4, target_class_ids=[1], ignore_class=0, sparse_y_true=False, sparse_y_pred=False, axis=-1),
            HOT, SOFT, False,
        ),
        "binary_iou": (k.BinaryIoU(target_class_ids=[1], threshold=0.4, **a), BITS, SHARE, False),
        "mean_iou": (k.MeanIoU(num_classes=4, **a), NUMBER, OTHER, False),
        "mean_iou_ignore": (
            k.MeanIoU(4, ignore_class=1, sparse_y_true=False, sparse_y_pred=False, axis=-1), HOT, SOFT, False,
        ),
        "one_hot_iou": (k.OneHotIoU(4, target_class_ids=[0, 3], ignore_class=1, axis=-1, **a), HOT, SOFT, False),
        "one_hot_iou_sparse": (k.OneHotIoU(num_classes=4, target_class_ids=[0], sparse_y_pred=True), HOT, OTHER, False),
        "one_hot_mean_iou": (k.OneHotMeanIoU(num_classes=4, ignore_class=1, axis=-1, **a), HOT, SOFT, False),
        "one_hot_mean_iou_sparse": (k.OneHotMeanIoU(num_classes=4, sparse_y_pred=True), HOT, OTHER, False),
        "r2_of_equal_targets": (k.R2Score(), np.ones_like(REAL), GUESS, False),
        "auc_beyond_one": (k.AUC(num_thresholds=7), BITS, 3 * numbers(7, N, 1), True),
        "r2": (k.R2Score(**a), REAL, GUESS, True),
        "r2_each": (k.R2Score(class_aggregation=None), REAL, GUESS, False),
        "r2_variance": (k.R2Score(class_aggregation="variance_weighted_average", num_regressors=2), REAL, GUESS, False),
        "pearson": (k.PearsonCorrelation(axis=-1, **a), REAL, GUESS, True),
        "concordance": (k.ConcordanceCorrelation(axis=-1, **a), REAL, GUESS, True),
    }  # fmt: skip


def batches(y_true, y_pred, weighted):
    """Arguments of three updates."""
    for rows in (slice(0, CUTS[0]), slice(*CUTS), slice(CUTS[1], None)):
        yield (y_true[rows], y_pred[rows]), {"sample_weight": WEIGHTS[rows]} if weighted else {}


def means(keras):
    """Mean and Sum over values with and without weights."""
    found = {}
    for name in ("Mean", "Sum"):
        for weighted in (False, True):
            metric = getattr(keras.metrics, name)(name="a")
            for rows in (slice(0, 4), slice(4, None)):
                metric.update_state(REAL[rows, 0], **({"sample_weight": WEIGHTS[rows]} if weighted else {}))
            found[f"{name}{'_weighted' if weighted else ''}"] = metric.result()
    return found

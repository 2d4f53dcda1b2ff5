"""What figures and buckets are called where people read them. Imports nothing heavy."""

BUCKETS = ("low", "medium", "high")

#: Figures that are shown to people, in this order, and what they are called.
FIGURE_NAMES = {
    "accuracy": "accuracy (three buckets)",
    "macro_f1": "macro-F1",
    "log_loss": "log loss (buckets, nats)",
    "log_loss_skill": "log-loss skill over the base rate",
    "rps": "ranked probability score (ten bins)",
    "rps_skill": "RPS skill over the base rate",
    "brier": "Brier score (buckets)",
    "ece": "expected calibration error",
    "ece_by_chance": "… by chance, if all that is said were true",
    "spearman": "Spearman correlation",
    "pair_accuracy": "pair accuracy (same community)",
    "ordinal_loss": "ten-bin euclidean loss",
    "ordinal_loss_reduction": "… reduction against guessing the mean",
    "auc_top10": "AUC, top 10%",
    "average_precision_top10": "average precision, top 10%",
}

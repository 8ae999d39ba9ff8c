"""The comparison of categorical features, by models trained on each."""

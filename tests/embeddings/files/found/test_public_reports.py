"""Inputs of public bug reports, each with the shape that it should open with (shared data)."""

import pytest

from embeddings import load

FAULTS = {
    "02_points_xy_text.csv": (8, 2),
    "03_numeric_header_class.csv": (10, 4),
    "03_sibling_with_index.csv": (10, 4),
    "05_arrow_polars.arrow": (12, 6),
    "05_arrow_rust.arrow": (12, 3),
    "06_batch_lines.jsonl": (6, 4),
    "07_bytes.parquet": (6, 4),
    "08_integer_classes.npz": (30, 4),
    "09_empty_list.parquet": (5, 4),
    "09_missing_NULL.csv": (5, 4),
    "09_missing_nan.csv": (5, 4),
    "10_folder_of_shards": (10, 4),
    "10_folder_of_vectors": (5, 4),
    "10_folder_with_settings": (6, 4),
    "11_row_names.tsv": (6, 4),
    "11_sibling_trailing_comma.csv": (6, 2),
    "11_sibling_vectors.tsv 11_sibling_metadata_trailing_tab.tsv": (6, 4),
    "12_thousands.csv": (6, 3),
    "16_packed_bits.npy": (40, 64),
    "17_sparse_coo.npz": (20, 30),
    "18_sparse_words.txt": (3, 100),
    "19_vectors.tsv 19_labels_angle.tsv": (3, 3),
}
"""Files that make up one set, and its rows and dimensions without missing vectors."""


@pytest.mark.parametrize("names", FAULTS)
def test_inputs_of_bug_reports_open_with_their_shape(data, names):
    if not (data / "faults").is_dir():
        pytest.skip("the shared data has no folder faults")
    first, *others = [data / "faults" / name for name in names.split()]
    found = load(first, others, leave_out=True, note=lambda _: None)
    assert found.vectors.shape == FAULTS[names]

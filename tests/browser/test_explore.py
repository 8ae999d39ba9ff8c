"""The way from a file to an answer, as a person goes it."""

import pytest

from embeddings import gallery, neighbors
from tests.browser.driver import AppPage


@pytest.fixture(scope="module")
def digits():
    return gallery.open_item("digits")


def test_click_in_2d_lists_the_true_neighbors(app: AppPage, digits) -> None:
    row = 100
    app.click_point(row)
    app.wait_for_item(row)
    app.page.wait_for_selector(".st-key-neighbors button[data-row]")
    expected = neighbors.query(digits, row, 10).rows.tolist()
    assert [other for other, _ in app.neighbors()] == expected

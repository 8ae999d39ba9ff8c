"""What a person does in the app, as methods over a Playwright page."""

from pathlib import Path
from typing import Any

MAP = '[data-testid="embedding-map"]'
POINT = """([row, dims]) => {
  const root = document.querySelector('[data-testid="embedding-map"]');
  const at = root.embeddingMap.place(row);
  const box = root.getBoundingClientRect();
  return at && { x: box.left + at.x, y: box.top + at.y };
}"""


class AppPage:
    """The app in one browser page."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        # Streamlit looks for its own hosts, which a machine without the web cannot find
        if message.type == "error" and "ERR_NAME_NOT_RESOLVED" not in message.text:
            self.errors.append(message.text)

    def open(self, query: str = "") -> None:
        """Open the app and wait for the map."""
        self.page.goto(f"{self.address}/{query}")
        self.wait_for_map()

    def wait_for_map(self, points: int | None = None, dims: int | None = None) -> None:
        """Wait until the map shows its points (so many, in so many dimensions)."""
        condition = f"{MAP}[data-points]" if points is None else f'{MAP}[data-points="{points}"]'
        if dims:
            condition += f'[data-dims="{dims}"]'
        self.page.wait_for_selector(condition)

    def upload(self, *files: Path) -> None:
        """Open files through the file menu."""
        self.page.get_by_role("button", name="Open a file").click()
        self.page.locator('input[type="file"]').set_input_files([str(file) for file in files])

    def click_point(self, row: int) -> None:
        """Click a row at its pixel on the map."""
        place = self.page.evaluate(POINT, [row, None])
        assert place, f"row {row} is not in view"
        self.page.mouse.move(place["x"], place["y"])
        self.page.mouse.click(place["x"], place["y"])

    def wait_for_item(self, row: int) -> None:
        """Wait until the map has the row in focus."""
        self.page.wait_for_selector(f'{MAP}[data-row="{row}"]')

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.get_by_role("combobox", name=label, exact=False).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def neighbors(self) -> list[tuple[int, str]]:
        """Read row and label of each line of the neighbor list."""
        buttons = self.page.locator(".st-key-neighbors button[data-row]")
        return buttons.evaluate_all(
            "buttons => buttons.map(b => [Number(b.dataset.row), b.textContent])"
        )

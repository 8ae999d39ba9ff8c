"""JavaScript that the benchmarks run in the page: waiting, positions of points, and clocks."""

from tests.browser.driver import ROOT

IDLE = 400  # ms without a script run or a slow frame, after which the page counts as settled
PLOT = "document.querySelector('.stPlotlyChart .js-plotly-plot')"

SETTLED = f"""() => new Promise((resolve) => {{
  let last = performance.now(), since = last;
  const look = (now) => {{
    const state = document.querySelector('[data-testid="stApp"]').dataset.testScriptState;
    if (state !== "notRunning" || now - last > 100) since = now;
    last = now;
    if (now - since > {IDLE}) resolve(); else requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}})"""

POSITIONS = f"""() => {{
  const {{ view }} = {ROOT}.embeddingMap;
  const {{ left, top }} = {ROOT}.getBoundingClientRect();
  return Array.from(view.scene.visible, (_, row) => view.locate(row))
    .flatMap((at) => (at ? [left + at.x, top + at.y] : [-1, -1]));
}}"""

AXES = f"""() => {{
  const {{ xaxis, yaxis }} = {PLOT}._fullLayout;
  const {{ left, top }} = {PLOT}.getBoundingClientRect();
  const axis = ({{ _offset, _length, range }}, start) => [start + _offset, _length, ...range];
  return [axis(xaxis, left), axis(yaxis, top)];
}}"""

CLICKABLE = """positions => positions.map(([x, y]) => {
  const found = document.elementFromPoint(x, y);
  return Boolean(found?.closest(".js-plotly-plot") && !found.closest(".modebar, .legend"));
})"""

# Resolves when `shown` is true and painted: seconds since the last `event`, and what was fetched
SHOWN = """([event, shown]) => {
  const isShown = new Function(`return ${shown}`);
  performance.clearResourceTimings();
  window.watched = new Promise((resolve) => {
    let started = null;
    const note = (happened) => { started = happened.timeStamp; };
    window.addEventListener(event, note, true);
    const done = () => resolve({
      seconds: (performance.now() - started) / 1000,
      fetched: performance.getEntriesByType("resource").map((entry) => ({
        url: entry.name,
        start: (entry.startTime - started) / 1000,
        end: (entry.responseEnd - started) / 1000,
      })),
    });
    const look = async () => {
      if (started === null || !await isShown()) return requestAnimationFrame(look);
      window.removeEventListener(event, note, true);
      setTimeout(done);
    };
    requestAnimationFrame(look);
  });
}"""

# Resolves when the panel lists exactly `rows` under `label`: ms from the release of the button
# until they are in the document, and until they are painted
NEIGHBORS_LISTED = """([label, rows]) => {
  const rowOf = (button) => button.dataset.row ??
    /st-key-neighbor-(\\d+)/.exec(button.closest('[class*="st-key-neighbor-"]').className)[1];
  const isListed = () =>
    document.querySelector(".st-key-title")?.textContent.trim() === label &&
    Array.from(document.querySelectorAll(".st-key-neighbors button"), rowOf).join() === rows;
  if (isListed()) throw new Error("already listed");
  window.watched = new Promise((resolve) => {
    let released = null;
    const up = (event) => { released = event.timeStamp; };
    window.addEventListener("pointerup", up, { capture: true, once: true });
    const observer = new MutationObserver(() => {
      if (released === null || !isListed()) return;
      observer.disconnect();
      const listed = performance.now() - released;
      requestAnimationFrame(() => setTimeout(() =>
        resolve([listed, performance.now() - released])));
    });
    observer.observe(document.body, {
      subtree: true, childList: true, characterData: true, attributeFilter: ["class", "data-row"],
    });
  });
}"""

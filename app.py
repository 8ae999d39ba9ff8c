"""The frame of the app: page list, style, and the boundary where user errors are shown.

Start it with `make app`, `embedding-explorer`, or `streamlit run app.py`. Streamlit's server
imports this module to find `app`, and runs it as a script for each session.
"""

import base64
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import pages
from components.assets import KeptByBrowsers
from embeddings import EmbeddingError
from pages.common import navigation_guard, services, streamlit_corrections
from pages.common.formatting import error_box
from pages.explore.address import bar as address_bar
from server import exports, similarities, thumbnails
from server.web_guard import WebGuard

FOLDER = Path(pages.__file__).parent  # not beside this file where the package is installed
ICON = (FOLDER / "common" / "icon.png").read_bytes()
# the browser requests any other address again at each step, and the server may have dropped it;
# a string here would be shown: Streamlit draws the bare expressions of its main script
ICON_ADDRESS = f"data:image/png;base64,{base64.b64encode(ICON).decode()}"
STYLE = (FOLDER / "common" / "style.css").read_text()


def main() -> None:
    """Draw the links between the pages, and the page that the URL names."""
    streamlit_corrections.keep_unsent_messages()
    streamlit_corrections.ignore_other_pages()
    explore, train, evaluate = (FOLDER / f"{name}.py" for name in ("explore", "train", "evaluate"))
    linked = [
        st.Page(explore, title="Explore", icon=":material/scatter_plot:", default=True),
        st.Page(train, title="Train", icon=":material/model_training:"),
        st.Page(evaluate, title="Evaluate", icon=":material/balance:"),
    ]
    st.set_page_config("Embedding Explorer", ICON_ADDRESS, layout="wide")
    st.html(f"<style>{STYLE}</style>")
    page = st.navigation(linked, position="hidden")
    with st.sidebar, st.container(key="brand"):
        st.markdown("Embedding Explorer")
        with st.container(key="pages", horizontal=True):
            for each in linked:
                query = address_bar.current_parameters() if each is linked[0] else None
                st.page_link(each, query_params=query)
    if page is not linked[0]:
        address_bar.leave()
    navigation_guard.mark_started()
    try:
        page.run()
    except EmbeddingError as error:
        error_box(str(error))


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the browser once the server listens; end its processes with it."""
    if not st.get_option("server.headless"):
        address = st.get_option("server.address") or "localhost"
        name = "localhost" if address in ("0.0.0.0", "::") else address
        url = f"http://{name}:{st.get_option('server.port')}"
        Thread(target=webbrowser.open, args=(url,), daemon=True).start()  # a text browser blocks
    yield
    services.close()


def respond_with_export(request: Request) -> Response:
    """Answer with rows of a set as a file; it is made in threads beside the scripts."""
    return services.exports().respond(request)


def respond_with_similarities(request: Request) -> Response:
    """Answer the map that is colored by similarity; it runs in a thread beside the scripts."""
    return services.similarities().respond(request)


def respond_with_thumbnail(request: Request) -> Response:
    """Answer with the small image of an item; it runs in a thread beside the scripts."""
    return services.thumbnails().respond(request)


if __name__ == "__main__":
    main()
else:
    guard = Middleware(WebGuard, names=lambda: st.get_option("server.allowedHosts"))
    middleware = [guard, Middleware(KeptByBrowsers)]
    routes = [
        Route(exports.PATH, respond_with_export),
        Route(similarities.PATH, respond_with_similarities),
        Route(thumbnails.PATH, respond_with_thumbnail),
    ]
    app = st.App(__file__, lifespan=lifespan, middleware=middleware, routes=routes)

"""The map: points drawn by plotly.js, with a legend, an overlay and a card on hovering."""

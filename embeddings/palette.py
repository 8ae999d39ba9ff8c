"""Twenty colors that stay apart for people with and without full color vision, on light and dark.

The first six are Okabe and Ito's (2008, jfly.uni-koeln.de/color), less black and yellow. The others
were added one by one. Each is the farthest in OKLab from all before it, among colors of lightness
0.45 to 0.83, by its smallest distance under normal, protan and deutan vision (Machado et al. 2009,
severity 1). A test computes the distances again.
"""

COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#85374E",
    "#00E9B1",
    "#857AF4",
    "#B13785",
    "#7ABC85",
    "#9B4E00",
    "#4343B1",
    "#43DEF4",
    "#BCD36F",
    "#852185",
    "#5964DE",
    "#E95964",
    "#A64E59",
    "#F485C8",
)

OTHER = "#9AA3AE"
"""The color of what has none of its own: the folded tail, missing values, noise."""

"""Palettes for categories, and ramps for numbers.

COLORS are twenty colors that stay apart for people with and without full color vision, on light and
dark.

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

PALETTES = {
    "Okabe and Ito, extended": COLORS,
    "Tol": (
        "#4477AA",
        "#EE6677",
        "#228833",
        "#CCBB44",
        "#66CCEE",
        "#AA3377",
        "#A2BBD4",
        "#F6B2BB",
        "#90C499",
        "#E6DDA2",
        "#B2E6F6",
        "#D499BB",
    ),
    "Tableau 20": (
        "#1F77B4",
        "#FF7F0E",
        "#2CA02C",
        "#D62728",
        "#9467BD",
        "#8C564B",
        "#E377C2",
        "#BCBD22",
        "#17BECF",
        "#7F7F7F",
        "#AEC7E8",
        "#FFBB78",
        "#98DF8A",
        "#FF9896",
        "#C5B0D5",
        "#C49C94",
        "#F7B6D2",
        "#DBDB8D",
        "#9EDAE5",
        "#C7C7C7",
    ),
}
"""Palettes by name, the default first. "Tol" is Paul Tol's "bright" (2021,
personal.sron.nl/~pault), whose six colors stay apart without full color vision, followed by each of
them half as strong; in "Tableau 20" the ten strong colors are followed by the light ones."""

RAMPS = {
    "Viridis": (
        "#440154", "#482878", "#3E4989", "#31688E", "#26828E",
        "#1F9E89", "#35B779", "#6ECE58", "#B5DE2B", "#FDE725",
    ),
    "Cividis": (
        "#00224E", "#123570", "#3B496C", "#575D6D", "#707173",
        "#8A8678", "#A59C74", "#C3B369", "#E1CC55", "#FEE838",
    ),
    "Inferno": (
        "#000004", "#1B0C41", "#4A0C6B", "#781C6D", "#A52C60",
        "#CF4446", "#ED6925", "#FB9B06", "#F7D13D", "#FCFFA4",
    ),
    "Blue to red": ("#2166AC", "#4393C3", "#92C5DE", "#C8C8C8", "#F4A582", "#D6604D", "#B2182B"),
}  # fmt: skip
"""Ramps by name, the default first: colors at even distances, from low to high. The last one
diverges from a grey middle, which shows on light and on dark."""

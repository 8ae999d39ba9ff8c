"""How good it is: measures on withheld data, and the baselines beside them."""

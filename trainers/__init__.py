"""Learn embeddings from data and write them to embedding files: python -m trainers NAME.

Here stand the commands, one module each, with `run(config)`; what they are made of lies in

    configs/   their settings
    loop/      the training loop and what belongs to a run
    data/      what is learned from: files that are read, what is built in, how they become numbers
    models/    what is learned: networks, losses, samplers, compiled engines
    measures/  how good it is: measures on withheld data, and baselines
    output/    what is written: embedding files, and what goes with them

A folder imports from those above it only, never from a command.
"""

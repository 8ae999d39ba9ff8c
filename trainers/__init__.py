"""Train embeddings on data and write them to embedding files: python -m trainers NAME.

Each trainer is one folder that reads from top to bottom: config.py (its settings), data.py (what it
learns from), model.py, train.py (the task, and `run(config)`), then metrics and output if it has
them. What two or more trainers use is in

    core/       the training loop, and what belongs to a run
    data/       readers of data, and how data become numbers
    metrics/    metrics of held-out data

evaluate/ compares features of a table; commands/ has the commands that are not trainers; catalog.py
lists all of them.
"""

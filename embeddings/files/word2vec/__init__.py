"""The text and binary formats of word2vec, GloVe and fastText."""

"""Files beside the data that only people read: README, LICENSE, pages, programs."""

import re
from pathlib import PurePosixPath

_DOCUMENT = re.compile(
    r"(readme|licen[cs]e|copying|notice|citation|changelog|authors|contributing|sources)(\.txt)?"
    r"|.*\.(md|markdown|rst|html?|pdf|py|ipynb|ya?ml|toml|cff|bib|log|sh|lock)"
    # settings that lie beside the weights of a model
    r"|(modules|tokenizer_config|special_tokens_map|added_tokens|generation_config"
    r"|preprocessor_config|config_sentence_transformers|sentence_bert_config)\.json|merges\.txt",
    re.IGNORECASE,
)


def is_document(name: str) -> bool:
    """Say whether the file of that name, in a folder or an archive, is for people to read.

    Their text looks like a table of one column, so that content does not tell them.
    """
    return _DOCUMENT.fullmatch(PurePosixPath(name).name) is not None

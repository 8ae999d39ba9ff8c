"""A pretrained CLIP is opened from a folder, and its run encodes without that folder."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from embeddings import EmbeddingError, load
from server.runs.contract import sha256_of
from trainers.commands import load_run
from trainers.image_text.clip import open_clip
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.train import run

transformers = pytest.importorskip("transformers")

WORDS = ("<pad>", "<unk>", "<s>", "</s>", "red", "green", "a", "picture")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A tiny CLIP with random weights."""
    made = tmp_path_factory.mktemp("clip")
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2,
             "num_attention_heads": 2}  # fmt: skip
    text = {**small, "vocab_size": len(WORDS), "max_position_embeddings": 6, "bos_token_id": 2,
            "eos_token_id": 3, "pad_token_id": 0}  # fmt: skip
    vision = {**small, "image_size": 16, "patch_size": 8}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=12)
    transformers.CLIPModel(config).save_pretrained(made)
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="</s>"
    )
    fast.save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("pairs")
    images = place / "images"
    images.mkdir()
    for name, color in (("r", (255, 0, 0)), ("g", (0, 255, 0))):
        Image.new("RGB", (16, 16), color).save(images / f"{name}.png")
    rows = ["file,caption", "r.png,red", "g.png,a green picture", "r.png,a a a a a a red"]
    (images / "captions.csv").write_text("\n".join(rows) + "\n")
    copy = shutil.copytree(folder, place / "copy")
    config = ImageTextConfig(
        out=place / "out.embedding.parquet", data=images, pretrained=copy, device="cpu", threads=1
    )
    metrics = run(config)
    shutil.rmtree(copy)  # the run contains all that it needs
    return config, metrics, load(config.out)


def test_vectors_equal_those_of_the_model(folder, made):
    _, metrics, found = made
    model = transformers.CLIPModel.from_pretrained(folder).eval()
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[:, 0] = 1
    clip = open_clip(folder)
    pixels = (pixels - torch.tensor(clip.mean)[:, None, None]) / torch.tensor(clip.std)[
        :, None, None
    ]
    with torch.no_grad():
        whole = model(input_ids=torch.tensor([[2, 6, 5, 7, 3]]), pixel_values=pixels)
    np.testing.assert_allclose(found.vectors[0], whole.image_embeds[0], atol=1e-5)
    row = found.labels.index("a green picture")
    np.testing.assert_allclose(found.vectors[row], whole.text_embeds[0], atol=1e-5)
    assert found.dimensions == 12 and metrics["pairs"] == 3 and metrics["images"] == 2
    assert found.metadata.column("caption")[0].as_py() == "red / a a a a a a red"


def test_the_run_encodes_without_the_folder(made):
    config, _, found = made
    assert found.provenance.config["pretrained"] == "copy"
    best = config.run_folder / "best.pt"
    assert found.provenance.config["checkpoint_sha256"] == sha256_of(best)
    coder = load_run.load(config.run_folder)
    for label in ("red", "a green picture"):
        row = found.labels.index(label)
        np.testing.assert_allclose(coder.encode_text(label), found.vectors[row], atol=1e-5)
    content = (config.data / "g.png").read_bytes()
    np.testing.assert_allclose(coder.encode_image(content, "g"), found.vectors[1], atol=1e-5)
    with pytest.raises(EmbeddingError, match="empty"):
        coder.encode_text(" ")


def test_truncated_captions_are_counted(made, folder, capsys):
    config, _, _ = made
    run(replace(config, pretrained=folder))
    assert "1 captions are truncated to 6 tokens" in capsys.readouterr().err


def test_other_folders_are_refused(folder, tmp_path):
    with pytest.raises(EmbeddingError, match=r"expected a folder with config\.json"):
        open_clip(tmp_path)
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(EmbeddingError, match="a model of type bert; expected clip"):
        open_clip(other)
    (other / "model.safetensors").rename(other / "pytorch_model.bin")
    with pytest.raises(EmbeddingError, match="pickled"):
        open_clip(other)

"""A Whisper model of 1 MB with random weights, in the form that faster-whisper reads.

What it says is nonsense; that it says it through the real libraries is what the tests look at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SIZE, HEADS, MELS, WINDOW, CONTEXT = 64, 2, 80, 1500, 448
WORDS = (
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|vi|>", "<|translate|>"),
    *("<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
)


def build(folder: Path) -> Path:
    from ctranslate2.specs import whisper_spec

    words = _words(folder)
    spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, len(words))
    spec.register_vocabulary(words)
    spec.config.lang_ids = [words.index("<|en|>"), words.index("<|vi|>")]
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _words(folder: Path) -> list[str]:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(word, special=True) for word in WORDS])
    made.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(WINDOW + 1)])
    made.save(str(folder / "tokenizer.json"))
    return [word for word, _ in sorted(made.get_vocab().items(), key=lambda pair: pair[1])]


def _fill(spec: Any, vocabulary: int) -> None:
    import numpy as np

    dice = np.random.default_rng(7)

    def any_(*shape: int) -> Any:
        return (dice.standard_normal(shape) * 0.1).astype(np.float32)

    def linear(layer: Any, out: int, into: int) -> None:
        layer.weight, layer.bias = any_(out, into), np.zeros(out, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)

    def attention(layer: Any, *outs: int) -> None:
        norm(layer.layer_norm)
        for part, out in zip(layer.linear, outs, strict=True):
            linear(part, out, SIZE)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * SIZE, SIZE)
        linear(layer.linear_1, SIZE, 4 * SIZE)

    encoder, decoder = spec.encoder, spec.decoder
    for conv, into in ((encoder.conv1, MELS), (encoder.conv2, SIZE)):
        conv.weight, conv.bias = any_(SIZE, into, 3), np.zeros(SIZE, np.float32)
    encoder.position_encodings.encodings = any_(WINDOW, SIZE)
    decoder.position_encodings.encodings = any_(CONTEXT, SIZE)
    decoder.embeddings.weight = decoder.projection.weight = any_(vocabulary, SIZE)
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    for layer in (*encoder.layer, *decoder.layer):
        attention(layer.self_attention, 3 * SIZE, SIZE)
        feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention, SIZE, 2 * SIZE, SIZE)

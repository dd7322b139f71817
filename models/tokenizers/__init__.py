"""Text to token ids and back: by character, by word, or by byte-level BPE (GPT-2's).

Every tokenizer has `encode(text)`, `decode(ids)`, `vocab_size`, `tokens`, `save(path)` and `load(path)`. `state()` is
the same content as a dictionary of plain JSON values, which a model's checkpoint can hold; `from_state` reads it back.
"""

from models.tokenizers.base import Tokenizer, UnknownTokenError
from models.tokenizers.bpe import BPETokenizer
from models.tokenizers.char import CharTokenizer
from models.tokenizers.word import WordTokenizer

load_tokenizer = Tokenizer.load
from_state = Tokenizer.from_state

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "Tokenizer",
    "UnknownTokenError",
    "WordTokenizer",
    "from_state",
    "load_tokenizer",
]

"""An encoding whose tokens are bytes, with GPT-2's number of tokens."""


class Encoding:
    n_vocab, eot_token, max_token_value = 50257, 50256, 50256

    def encode(self, text, *, allowed_special=(), disallowed_special=()):
        first, *others = text.split("<|endoftext|>")
        return [*first.encode(), *(token for part in others for token in (self.eot_token, *part.encode()))]

    def encode_ordinary(self, text):
        return list(text.encode())

    def decode(self, tokens):
        return bytes(token % 256 for token in tokens).decode(errors="replace")


def get_encoding(name):
    return Encoding()


encoding_for_model = get_encoding

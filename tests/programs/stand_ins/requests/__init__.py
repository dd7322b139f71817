"""Nothing is downloaded: every file is a text of made-up words, or an archive of pairs of them."""

import io
import random
import zipfile

WORDS = "the of a time machine traveller was in his it and said we saw light dark then there world I".split()


class Response:
    status_code = 200

    def __init__(self, url):
        draw = random.Random(0)
        lines = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) for _ in range(2000)]
        self.text = "\n".join(lines)
        self.content = self.text.encode()
        if url.endswith(".zip"):
            name = url.rsplit("/", 1)[-1].removesuffix(".zip")
            pairs = "\n".join(f"{line} .\t{line[::-1]} ." for line in lines)
            stored = io.BytesIO()
            with zipfile.ZipFile(stored, "w") as archive:
                archive.writestr(f"{name}/{name.partition('-')[0]}.txt", pairs)
            self.content = stored.getvalue()

    def raise_for_status(self):
        pass


def get(url, *args, **kwargs):
    return Response(url)
